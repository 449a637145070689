// A library that has but two of the functions of libandor.

extern "C" {

unsigned int CoolerON() {
  return 20002;
}

unsigned int ShutDown() {
  return 20002;
}

}  // extern "C"
