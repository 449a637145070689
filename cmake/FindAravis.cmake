# aravis::aravis: GigE Vision and USB3 Vision cameras. Not by aravis' own pkg-config file, which asks for the headers of
# libusb although they are not needed here.
find_package(PkgConfig QUIET)
pkg_check_modules(HALOTWIN_GIO QUIET IMPORTED_TARGET gio-2.0)
find_path(ARAVIS_INCLUDE_DIR arv.h PATH_SUFFIXES aravis-0.8)
find_library(ARAVIS_LIBRARY aravis-0.8)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Aravis REQUIRED_VARS ARAVIS_LIBRARY ARAVIS_INCLUDE_DIR HALOTWIN_GIO_FOUND)
if(Aravis_FOUND AND NOT TARGET aravis::aravis)
  add_library(aravis::aravis INTERFACE IMPORTED)
  target_include_directories(aravis::aravis SYSTEM INTERFACE ${ARAVIS_INCLUDE_DIR})
  target_link_libraries(aravis::aravis INTERFACE ${ARAVIS_LIBRARY} PkgConfig::HALOTWIN_GIO)
endif()
mark_as_advanced(ARAVIS_INCLUDE_DIR ARAVIS_LIBRARY)
