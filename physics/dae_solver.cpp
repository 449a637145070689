#include "physics/dae_solver.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include <ida/ida.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_context.hpp>
#include <sunlinsol/sunlinsol_band.h>
#include <sunmatrix/sunmatrix_band.h>

#include "base/require.hpp"

namespace halotwin::physics {

namespace {

struct VectorDeleter {
  void operator()(N_Vector v) const { N_VDestroy(v); }
};
struct MatrixDeleter {
  void operator()(SUNMatrix m) const { SUNMatDestroy(m); }
};
struct LinearSolverDeleter {
  void operator()(SUNLinearSolver s) const { SUNLinSolFree(s); }
};
struct IdaDeleter {
  void operator()(void* memory) const { IDAFree(&memory); }
};
using Vector = std::unique_ptr<std::remove_pointer_t<N_Vector>, VectorDeleter>;
using Matrix = std::unique_ptr<std::remove_pointer_t<SUNMatrix>, MatrixDeleter>;
using LinearSolver = std::unique_ptr<std::remove_pointer_t<SUNLinearSolver>, LinearSolverDeleter>;
using Ida = std::unique_ptr<void, IdaDeleter>;

// With fixed steps the test of errors must let everything pass, while Newton's method, which is
// measured by the same norm, must not.
constexpr double fixed_step_slack = 1e8;

Vector vector_of(std::span<const double> values, SUNContext context) {
  Vector v(N_VNew_Serial(static_cast<sunindextype>(values.size()), context));
  if (v) {
    std::copy(values.begin(), values.end(), N_VGetArrayPointer(v.get()));
  }
  return v;
}

std::span<double> span_of(N_Vector v) {
  return {N_VGetArrayPointer(v), static_cast<std::size_t>(N_VGetLength(v))};
}

}  // namespace

struct DaeSolver::Impl {
  DaeProblem problem;
  sundials::Context context;
  Vector y, rate, differential, absolute_tolerance;
  Matrix matrix;
  LinearSolver band;
  LinearSolver linear;  // the banded one, its result projected
  Ida ida;
  double alpha = 0.0;         // of the matrix in use
  std::exception_ptr thrown;  // in a callback; C code is left by a return
  std::string message;

  void check(int status, const char* what) const {
    if (thrown) {
      std::rethrow_exception(thrown);
    }
    if (status < 0) {
      throw std::runtime_error(std::string(what) + ": " +
                               (message.empty() ? "status " + std::to_string(status) : message));
    }
  }

  static int residual(double t, N_Vector y, N_Vector rate, N_Vector out, void* self) {
    auto& impl = *static_cast<Impl*>(self);
    try {
      return impl.problem.residual(t, span_of(y), span_of(rate), span_of(out)) ? 0 : 1;
    } catch (...) {
      impl.thrown = std::current_exception();
      return -1;
    }
  }

  static int jacobian(double t,
                      double alpha,
                      N_Vector y,
                      N_Vector /*rate*/,
                      N_Vector /*residual*/,
                      SUNMatrix matrix,
                      void* self,
                      N_Vector /*a*/,
                      N_Vector /*b*/,
                      N_Vector /*c*/) {
    auto& impl = *static_cast<Impl*>(self);
    impl.alpha = alpha;
    try {
      impl.problem.jacobian(
          t,
          alpha,
          span_of(y),
          BandJacobian(SUNBandMatrix_Cols(matrix), SUNBandMatrix_StoredUpperBandwidth(matrix)));
      return 0;
    } catch (...) {
      impl.thrown = std::current_exception();
      return -1;
    }
  }

  static Impl& of(SUNLinearSolver solver) { return *static_cast<Impl*>(solver->content); }

  static int solve(
      SUNLinearSolver self, SUNMatrix matrix, N_Vector x, N_Vector right, double tolerance) {
    Impl& impl = of(self);
    const int status = SUNLinSolSolve(impl.band.get(), matrix, x, right, tolerance);
    if (status == 0 && impl.problem.project) {
      impl.problem.project(impl.alpha, span_of(right), span_of(x));
    }
    return status;
  }

  void make_linear_solver() {
    band = LinearSolver(SUNLinSol_Band(y.get(), matrix.get(), context));
    linear = LinearSolver(SUNLinSolNewEmpty(context));
    if (!band || !linear) {
      throw std::runtime_error("ida: out of memory");
    }
    linear->content = this;
    linear->ops->gettype = [](SUNLinearSolver) { return SUNLINEARSOLVER_DIRECT; };
    linear->ops->initialize = [](SUNLinearSolver s) {
      return SUNLinSolInitialize(of(s).band.get());
    };
    linear->ops->setup = [](SUNLinearSolver s, SUNMatrix m) {
      return SUNLinSolSetup(of(s).band.get(), m);
    };
    linear->ops->solve = &Impl::solve;
    linear->ops->free = [](SUNLinearSolver s) {
      SUNLinSolFreeEmpty(s);
      return 0;
    };
  }

  static void on_error(
      int /*code*/, const char* /*module*/, const char* /*function*/, char* text, void* self) {
    static_cast<Impl*>(self)->message = text;
  }

  void configure(double end_s, const DaeOptions& options) const {
    void* m = ida.get();
    const double relative =
        options.relative_tolerance * (options.fixed_step_s > 0.0 ? fixed_step_slack : 1.0);
    int status = IDASVtolerances(m, relative, absolute_tolerance.get());
    status = std::min(status, IDASetId(m, differential.get()));
    status = std::min(status, IDASetSuppressAlg(m, SUNTRUE));
    status = std::min(status, IDASetLinearSolver(m, linear.get(), matrix.get()));
    status = std::min(status, IDASetJacFn(m, &Impl::jacobian));
    status = std::min(status, IDASetMaxOrd(m, options.maximum_order));
    status = std::min(status, IDASetMaxNumSteps(m, options.maximum_steps));
    status = std::min(status, IDASetStopTime(m, end_s));
    if (options.fixed_step_s > 0.0) {
      status = std::min(status, IDASetInitStep(m, options.fixed_step_s));
      status = std::min(status, IDASetMinStep(m, options.fixed_step_s));
      status = std::min(status, IDASetMaxStep(m, options.fixed_step_s));
      status = std::min(status, IDASetMaxNonlinIters(m, 20));
      status = std::min(status, IDASetNonlinConvCoef(m, 0.33 / fixed_step_slack));
    }
    check(status, "ida");
  }
};

DaeSolver::DaeSolver(DaeProblem problem,
                     double begin_s,
                     double end_s,
                     std::span<const double> y,
                     std::span<const double> rate,
                     const DaeOptions& options)
    : impl_(std::make_unique<Impl>()) {
  require(end_s > begin_s, "end_s", end_s, "after the beginning");
  require_range("relative_tolerance", options.relative_tolerance, 1e-14, 1e-1);
  require_range("maximum_order", options.maximum_order, 1, 5);
  const std::size_t n = problem.size;
  require(y.size() == n && rate.size() == n && problem.differential.size() == n &&
              problem.absolute_tolerance.size() == n && n > 0,
          "all vectors of a system have its size");
  Impl& impl = *impl_;
  impl.problem = std::move(problem);
  const SUNContext context = impl.context;
  const auto band = static_cast<sunindextype>(impl.problem.half_bandwidth);
  impl.y = vector_of(y, context);
  impl.rate = vector_of(rate, context);
  impl.differential = vector_of(impl.problem.differential, context);
  std::vector<double> tolerance = impl.problem.absolute_tolerance;
  if (options.fixed_step_s > 0.0) {
    for (double& t : tolerance) {
      t *= fixed_step_slack;
    }
  }
  impl.absolute_tolerance = vector_of(tolerance, context);
  impl.matrix = Matrix(SUNBandMatrix(static_cast<sunindextype>(n), band, band, context));
  impl.ida = Ida(IDACreate(context));
  if (!impl.y || !impl.matrix || !impl.ida) {
    throw std::runtime_error("ida: out of memory");
  }
  impl.make_linear_solver();
  IDASetErrHandlerFn(impl.ida.get(), &Impl::on_error, &impl);
  IDASetUserData(impl.ida.get(), &impl);
  impl.check(IDAInit(impl.ida.get(), &Impl::residual, begin_s, impl.y.get(), impl.rate.get()),
             "ida");
  impl.configure(end_s, options);
}

DaeSolver::~DaeSolver() = default;

std::span<const double> DaeSolver::advance(double time_s) {
  Impl& impl = *impl_;
  double reached = 0.0;
  impl.check(IDASolve(impl.ida.get(), time_s, &reached, impl.y.get(), impl.rate.get(), IDA_NORMAL),
             "integration in time");
  return span_of(impl.y.get());
}

DaeSummary DaeSolver::summary() const {
  DaeSummary s;
  IDAGetNumSteps(impl_->ida.get(), &s.steps);
  IDAGetNumResEvals(impl_->ida.get(), &s.residuals);
  IDAGetNumJacEvals(impl_->ida.get(), &s.jacobians);
  IDAGetLastOrder(impl_->ida.get(), &s.last_order);
  return s;
}

}  // namespace halotwin::physics
