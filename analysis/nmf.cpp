#include "analysis/nmf.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

#include <Eigen/Dense>

#include "analysis/nmf_kernels.hpp"
#include "base/errors.hpp"
#include "base/ordered_sum.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

using kernels::padded;
using kernels::tile_pixels;
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::size_t sweep_chunk = 4096;   // pixels; a multiple of the tile
constexpr std::size_t gram_chunk = 8192;    // pixels; fewer, because each owns a channels^2 table
constexpr std::size_t max_directions = 16;  // lanes of the projection
constexpr int window = 10;                  // sweeps over which the decrease is judged

}  // namespace

struct NmfWorkspace::Buffers {
  std::vector<float> gram;      // [chunk][padded][padded]
  std::vector<float> q;         // [tile][direction][16]
  std::vector<float> state;     // [tile][rank][16], rank > 4
  std::vector<double> partial;  // [chunk] sums of a sweep
};

NmfWorkspace::NmfWorkspace() : buffers_(std::make_unique<Buffers>()) {}
NmfWorkspace::~NmfWorkspace() = default;
NmfWorkspace::NmfWorkspace(NmfWorkspace&&) noexcept = default;
NmfWorkspace& NmfWorkspace::operator=(NmfWorkspace&&) noexcept = default;

void validate(const NmfOptions& p) {
  require_range("rank", p.rank, 1, static_cast<double>(kernels::max_rank));
  require_range("random_starts", p.random_starts, 0, 1000);
  require_range("max_sweeps", p.max_sweeps, 1, 1e6);
  require_range("tolerance", p.tolerance, 0.0, 1.0);
  require_range(
      "compressed_directions", p.compressed_directions, 0, static_cast<double>(max_directions));
  require_range("full_sweeps", p.full_sweeps, 0, 1e6);
}

namespace {

/// X^T W and W^T W of one half step.
struct Sums {
  Matrix xw;  // rank x width
  Matrix ww;  // rank x rank
};

/// What stays fixed during one factorisation.
struct Problem {
  kernels::Rows rows;
  std::size_t rank = 0;
  Threads threads;
  NmfWorkspace::Buffers* buffers = nullptr;
  double squares = 0.0;  // ||X||^2, scaled data
  double mean = 0.0;
  Matrix directions;  // channels x kept; empty without compression

  [[nodiscard]] std::size_t tiles() const { return (rows.pixels + tile_pixels - 1) / tile_pixels; }
  [[nodiscard]] std::size_t kept() const { return static_cast<std::size_t>(directions.cols()); }
};

/// Power of two that brings the root mean square near one, so that squares neither vanish nor
/// overflow in single precision; 0 if nothing is positive.
float data_scale(const SpectraView& x) {
  const auto rms_of = [&](std::size_t stride) {
    double sum = 0.0;
    std::size_t count = 0;
    for (std::size_t p = 0; p < x.pixels(); p += stride) {
      for (const float v : x.row(p)) {
        const auto d = static_cast<double>(std::max(v, 0.0F));
        sum += d * d;
        ++count;
      }
    }
    return std::sqrt(sum / static_cast<double>(count));
  };
  constexpr std::size_t sample_pixels = 512;
  double rms = rms_of(std::max<std::size_t>(1, x.pixels() / sample_pixels));
  if (!(rms > 0.0)) {
    rms = rms_of(1);
  }
  require(std::isfinite(rms), "spectra hold values that are not finite");
  return rms > 0.0 ? static_cast<float>(std::exp2(-std::round(std::log2(rms)))) : 0.0F;
}

Matrix gram_matrix(Problem& problem) {
  const auto& rows = problem.rows;
  const std::size_t width = padded(rows.channels);
  const std::size_t chunks = chunk_count(rows.pixels, gram_chunk);
  auto& slots = problem.buffers->gram;
  slots.assign(chunks * width * width, 0.0F);
  std::vector<double> squares(chunks);
  std::vector<double> sums(chunks);
  for_each_chunk(rows.pixels, gram_chunk, problem.threads, [&](std::size_t begin, std::size_t end) {
    kernels::Rows part = rows;
    part.values += begin * rows.channels;
    part.pixels = end - begin;
    const std::size_t slot = begin / gram_chunk;
    const auto result =
        kernels::add_gram(part, std::span(slots).subspan(slot * width * width, width * width));
    squares[slot] = result.squares;
    sums[slot] = result.sum;
  });
  problem.squares = ordered_sum(squares);
  problem.mean = ordered_sum(sums) / static_cast<double>(rows.pixels * rows.channels);
  require(std::isfinite(problem.squares), "spectra hold values that are not finite");
  const auto m = static_cast<Eigen::Index>(rows.channels);
  Matrix gram = Matrix::Zero(m, m);
  for (std::size_t slot = 0; slot < chunks; ++slot) {
    for (Eigen::Index i = 0; i < m; ++i) {
      const float* row = slots.data() + (slot * width + static_cast<std::size_t>(i)) * width;
      for (Eigen::Index j = i; j < m; ++j) {
        gram(i, j) += static_cast<double>(row[j]);
      }
    }
  }
  gram.triangularView<Eigen::StrictlyLower>() = gram.transpose();
  return gram;
}

/// Eigenvectors of the Gram matrix, largest value first, largest entry positive.
struct Directions {
  std::vector<double> singular_values;
  Matrix vectors;  // channels x channels
};

Directions right_singular_vectors(const Matrix& gram) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram);
  const Eigen::Index m = gram.rows();
  Directions d;
  d.vectors.resize(m, m);
  for (Eigen::Index j = 0; j < m; ++j) {
    d.singular_values.push_back(std::sqrt(std::max(0.0, solver.eigenvalues()(m - 1 - j))));
    const auto v = solver.eigenvectors().col(m - 1 - j);
    Eigen::Index largest = 0;
    v.cwiseAbs().maxCoeff(&largest);
    d.vectors.col(j) = v(largest) < 0.0 ? Eigen::VectorXd(-v) : Eigen::VectorXd(v);
  }
  return d;
}

/// Fills q with X times the first `kept` directions.
void project(const Problem& problem, const Matrix& vectors, std::size_t kept) {
  const auto& rows = problem.rows;
  std::vector<float> lanes(padded(rows.channels) * max_directions, 0.0F);
  for (std::size_t c = 0; c < rows.channels; ++c) {
    for (std::size_t d = 0; d < kept; ++d) {
      lanes[c * max_directions + d] =
          static_cast<float>(vectors(static_cast<Eigen::Index>(c), static_cast<Eigen::Index>(d)));
    }
  }
  auto& q = problem.buffers->q;
  q.resize(problem.tiles() * tile_pixels * kept);
  for_each_chunk(
      rows.pixels, sweep_chunk, problem.threads, [&](std::size_t begin, std::size_t end) {
        kernels::Rows part = rows;
        part.values += begin * rows.channels;
        part.pixels = end - begin;
        kernels::project(part, lanes, kept, q.data() + begin * kept);
      });
}

/// Runs `body(first pixel, pixels, slot sums)` over chunks and adds the slots in order.
template <class Body>
Sums sum_chunks(const Problem& problem, std::size_t width, const Body& body) {
  const std::size_t rank = problem.rank;
  const std::size_t length = rank * (width + rank);
  const std::size_t chunks = chunk_count(problem.rows.pixels, sweep_chunk);
  auto& slots = problem.buffers->partial;
  slots.assign(chunks * length, 0.0);
  for_each_chunk(
      problem.rows.pixels, sweep_chunk, problem.threads, [&](std::size_t begin, std::size_t end) {
        const auto slot = std::span(slots).subspan(begin / sweep_chunk * length, length);
        body(begin,
             end - begin,
             kernels::SweepSums{slot.first(rank * width), slot.subspan(rank * width)});
      });
  for (std::size_t chunk = 1; chunk < chunks; ++chunk) {
    for (std::size_t i = 0; i < length; ++i) {
      slots[i] += slots[chunk * length + i];
    }
  }
  const auto k = static_cast<Eigen::Index>(rank);
  Sums sums;
  sums.xw = Eigen::Map<const Matrix>(slots.data(), k, static_cast<Eigen::Index>(width));
  sums.ww = Eigen::Map<const Matrix>(slots.data() + rank * width, k, k);
  sums.ww.triangularView<Eigen::StrictlyLower>() = sums.ww.transpose();
  return sums;
}

std::span<const double> flat(const Matrix& m) {
  return {m.data(), static_cast<std::size_t>(m.size())};
}

float* state_of(const Problem& problem, std::size_t first_pixel) {
  return problem.rank <= kernels::max_exact_rank
             ? nullptr
             : problem.buffers->state.data() + first_pixel * problem.rank;
}

/// Weights half step on the projected data, then X^T W brought back to channels.
Sums sweep_projected(const Problem& problem, const Matrix& h) {
  const Matrix normal = h * h.transpose();
  const auto solver = kernels::prepare_solver(flat(normal), problem.rank);
  const Matrix c = problem.directions.transpose() * h.transpose();  // kept x rank
  std::vector<float> coefficients(static_cast<std::size_t>(c.size()));
  std::transform(c.data(), c.data() + c.size(), coefficients.begin(), [](double v) {
    return static_cast<float>(v);
  });
  const std::size_t kept = problem.kept();
  Sums sums = sum_chunks(
      problem, kept, [&](std::size_t first, std::size_t pixels, const kernels::SweepSums& out) {
        kernels::sweep_tiles(problem.buffers->q.data() + first * kept,
                             (pixels + tile_pixels - 1) / tile_pixels,
                             kept,
                             coefficients,
                             solver,
                             state_of(problem, first),
                             out);
      });
  sums.xw = sums.xw * problem.directions.transpose();
  return sums;
}

/// Weights half step on the data; `weights` may be null.
Sums sweep_data(const Problem& problem, const Matrix& h, float* weights) {
  const Matrix normal = h * h.transpose();
  const auto solver = kernels::prepare_solver(flat(normal), problem.rank);
  const std::size_t channels = problem.rows.channels;
  const std::size_t width = padded(channels);
  const std::size_t lanes = kernels::basis_lanes(problem.rank);
  std::vector<float> basis(width * lanes, 0.0F);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t k = 0; k < problem.rank; ++k) {
      basis[c * lanes + k] =
          static_cast<float>(h(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(c)));
    }
  }
  const float weight_scale = 1.0F / problem.rows.scale;
  Sums sums = sum_chunks(
      problem, width, [&](std::size_t first, std::size_t pixels, const kernels::SweepSums& out) {
        kernels::Rows part = problem.rows;
        part.values += first * channels;
        part.pixels = pixels;
        kernels::sweep_rows(part,
                            basis,
                            solver,
                            state_of(problem, first),
                            weights == nullptr ? nullptr : weights + first * problem.rank,
                            weight_scale,
                            out);
      });
  sums.xw = Matrix(sums.xw.leftCols(static_cast<Eigen::Index>(channels)));
  return sums;
}

/// Weights of an iterative solver (rank > 4) for a basis that they were not made for; the exact
/// solver needs nothing.
void settle_weights(const Problem& problem, const Matrix& h) {
  if (problem.rank <= kernels::max_exact_rank) {
    return;
  }
  constexpr int repeats = 25;  // of four descents each
  auto& state = problem.buffers->state;
  std::fill(state.begin(), state.end(), 0.0F);
  for (int i = 0; i < repeats; ++i) {
    (void)sweep_data(problem, h, nullptr);
  }
}

/// ||X - W H||^2 without looking at X again.
double squared_residual(double squares, const Sums& sums, const Matrix& h) {
  const double cross = (sums.xw.array() * h.array()).sum();
  const double square = (sums.ww.array() * (h * h.transpose()).array()).sum();
  return std::max(0.0, squares - 2.0 * cross + square);
}

/// Basis half step: each channel by itself. Rows that got no weight keep their shape.
void update_basis(const Sums& sums, Matrix& h) {
  Matrix next = h;
  kernels::solve_nonnegative_columns(flat(sums.ww),
                                     flat(sums.xw),
                                     {next.data(), static_cast<std::size_t>(next.size())},
                                     static_cast<std::size_t>(h.cols()));
  for (Eigen::Index k = 0; k < h.rows(); ++k) {
    if (sums.ww(k, k) > 0.0) {
      h.row(k) = next.row(k);
    }
  }
}

void normalise_rows(Matrix& h) {
  for (Eigen::Index k = 0; k < h.rows(); ++k) {
    const double norm = h.row(k).norm();
    if (norm > 0.0) {
      h.row(k) /= norm;
    }
  }
}

struct Start {
  Matrix basis;
  double squared = 0.0;  // residual, of the projected data
  int sweeps = 0;
  NmfStop stop = NmfStop::sweep_limit;
  std::vector<double> trace;  // squared residual after each sweep
};

bool settled(const std::vector<double>& trace, double tolerance) {
  const std::size_t n = trace.size();
  return n > window && trace[n - 1 - window] - trace[n - 1] <= tolerance * trace[n - 1 - window];
}

/// Alternating half steps from `start.basis` until settled or `limit` sweeps. With `extrapolate`
/// the basis runs ahead in the direction of its last change; a step that raises the residual is
/// taken back and the next ones are more cautious (Ang & Gillis, Neural Comput. 31, 417, 2019, with
/// their factors), so that the trace never rises.
template <class HalfStep>
void iterate(Start& start,
             double squares,
             int limit,
             double tolerance,
             bool extrapolate,
             const HalfStep& half_step) {
  double ahead = extrapolate ? 0.5 : 0.0;
  double ceiling = 1.0;
  normalise_rows(start.basis);
  Matrix from = start.basis;
  bool is_first = true;
  for (int sweep = 0; sweep < limit; ++sweep) {
    const Sums sums = half_step(from);
    Matrix h = from;
    update_basis(sums, h);
    const double squared = squared_residual(squares, sums, h);
    ++start.sweeps;
    if (extrapolate && !is_first && squared > start.squared) {
      ceiling = ahead;
      ahead /= 1.5;
      from = start.basis;
    } else {
      normalise_rows(h);
      from = (h + ahead * (h - start.basis)).cwiseMax(0.0);
      start.basis = std::move(h);
      start.squared = squared;
      ceiling = std::min(1.0, 1.01 * ceiling);
      ahead = extrapolate ? std::min(ceiling, 1.05 * ahead) : 0.0;
      is_first = false;
    }
    start.trace.push_back(start.squared);
    if (settled(start.trace, tolerance)) {
      start.stop = NmfStop::converged;
      return;
    }
  }
}

/// Basis of NNDSVDa: of each singular pair the sign with the larger product of the norms of the
/// positive parts; zeros become the mean of the data.
Matrix nndsvda_basis(const Problem& problem, const Directions& d) {
  const auto rank = static_cast<Eigen::Index>(problem.rank);
  const auto m = static_cast<Eigen::Index>(problem.rows.channels);
  const std::size_t kept = problem.kept();
  Matrix h = Matrix::Constant(rank, m, problem.mean);
  for (Eigen::Index j = 0; j < std::min(rank, static_cast<Eigen::Index>(kept)); ++j) {
    double positive = 0.0;
    double negative = 0.0;
    for (std::size_t t = 0; t < problem.tiles(); ++t) {
      const float* q =
          problem.buffers->q.data() + (t * kept + static_cast<std::size_t>(j)) * tile_pixels;
      for (std::size_t i = 0; i < tile_pixels; ++i) {
        const auto u = static_cast<double>(q[i]);
        (u > 0.0 ? positive : negative) += u * u;
      }
    }
    Eigen::RowVectorXd v = d.vectors.col(j).transpose();
    if (j == 0) {
      v = v.cwiseAbs();
    } else if (std::sqrt(negative) * v.cwiseMin(0.0).norm() >
               std::sqrt(positive) * v.cwiseMax(0.0).norm()) {
      v = -v;
      std::swap(positive, negative);
    }
    v = v.cwiseMax(0.0);
    const double norm = v.norm();
    const double u_norm = std::sqrt(j == 0 ? positive + negative : positive);
    for (Eigen::Index c = 0; c < m; ++c) {
      if (norm > 0.0 && v(c) > 0.0) {
        h(j, c) = std::sqrt(u_norm * norm) * v(c) / norm;
      }
    }
  }
  return h;
}

Matrix random_basis(const Problem& problem, std::uint64_t seed, std::uint32_t start) {
  RandomStream draw(seed, Purpose::nmf_start, start);
  Matrix h(static_cast<Eigen::Index>(problem.rank),
           static_cast<Eigen::Index>(problem.rows.channels));
  for (Eigen::Index i = 0; i < h.size(); ++i) {
    h.data()[i] = std::abs(draw.normal());
  }
  return h;
}

/// Rows scaled as wished and ordered by the channel of their maximum, ties by energy.
Matrix ordered_basis(const Matrix& h, NmfScale scale) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(h.rows()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  const auto peak_of = [&](Eigen::Index k) {
    Eigen::Index peak = 0;
    h.row(k).maxCoeff(&peak);
    return peak;
  };
  std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    const auto pa = peak_of(a);
    const auto pb = peak_of(b);
    return pa != pb ? pa < pb : h.row(a).sum() > h.row(b).sum();
  });
  Matrix out(h.rows(), h.cols());
  for (Eigen::Index k = 0; k < h.rows(); ++k) {
    const auto row = h.row(order[static_cast<std::size_t>(k)]);
    const double unit = scale == NmfScale::peak ? row.maxCoeff() : row.sum();
    out.row(k) = row / (unit > 0.0 ? unit : 1.0);
  }
  return out;
}

Problem make_problem(const SpectraView& x, int rank, Threads threads, NmfWorkspace& workspace) {
  require(x.channels > 0 && x.pixels() > 0, "at least one spectrum of one channel expected");
  require(x.values.size() == x.pixels() * x.channels, "spectra do not fill their last row");
  Problem problem;
  problem.rows = {x.values.data(), x.pixels(), x.channels, data_scale(x)};
  problem.rank = static_cast<std::size_t>(rank);
  problem.threads = threads;
  problem.buffers = &workspace.buffers();
  if (problem.rank > kernels::max_exact_rank) {
    problem.buffers->state.assign(problem.tiles() * tile_pixels * problem.rank, 0.0F);
  }
  return problem;
}

/// All starts on the projected data; the best one, and the residuals of all.
Start best_start(const Problem& problem,
                 const Directions& directions,
                 const NmfOptions& options,
                 std::vector<double>& squared) {
  const double kept_squares =
      std::inner_product(directions.singular_values.begin(),
                         directions.singular_values.begin() + problem.directions.cols(),
                         directions.singular_values.begin(),
                         0.0);
  const double lost_squares = std::max(0.0, problem.squares - kept_squares);
  // Steps ahead need exact weights: coordinate descent lags behind and would be judged unfairly.
  const bool is_exact = problem.rank <= kernels::max_exact_rank;
  Start best;
  for (int s = 0; s <= options.random_starts; ++s) {
    Start start;
    std::fill(problem.buffers->state.begin(), problem.buffers->state.end(), 0.0F);
    start.basis = s == 0 ? nndsvda_basis(problem, directions)
                         : random_basis(problem, options.seed, static_cast<std::uint32_t>(s));
    if (options.compressed_directions > 0) {
      iterate(start,
              kept_squares + lost_squares,
              options.max_sweeps,
              options.tolerance,
              is_exact,
              [&](const Matrix& h) { return sweep_projected(problem, h); });
    } else {
      iterate(start,
              problem.squares,
              options.max_sweeps,
              options.tolerance,
              is_exact,
              [&](const Matrix& h) { return sweep_data(problem, h, nullptr); });
    }
    squared.push_back(start.squared);
    constexpr double clearly_better = 1e-9;  // relative; below, the earlier start stays
    if (s == 0 || start.squared < best.squared * (1.0 - clearly_better)) {
      best = std::move(start);
    }
  }
  return best;
}

NmfResult zero_result(const SpectraView& x, int rank) {
  NmfResult result;
  result.basis = RowArray::Zero(rank, static_cast<Eigen::Index>(x.channels));
  result.weights = RowArrayF::Zero(static_cast<Eigen::Index>(x.pixels()), rank);
  result.stop = NmfStop::zero_data;
  result.singular_values.assign(x.channels, 0.0);
  return result;
}

}  // namespace

NmfResult factorize(const SpectraView& spectra, const NmfOptions& options, Threads threads) {
  NmfWorkspace workspace;
  return factorize(spectra, options, threads, workspace);
}

NmfResult factorize(const SpectraView& spectra,
                    const NmfOptions& options,
                    Threads threads,
                    NmfWorkspace& workspace) {
  validate(options);
  Problem problem = make_problem(spectra, options.rank, threads, workspace);
  if (problem.rows.scale == 0.0F) {
    return zero_result(spectra, options.rank);
  }
  const Directions directions = right_singular_vectors(gram_matrix(problem));
  const std::size_t wanted =
      options.compressed_directions > 0
          ? static_cast<std::size_t>(std::max(options.compressed_directions, options.rank))
          : static_cast<std::size_t>(options.rank);
  const std::size_t kept = std::min({wanted, spectra.channels, max_directions});
  problem.directions = directions.vectors.leftCols(static_cast<Eigen::Index>(kept));
  project(problem, directions.vectors, kept);

  NmfResult result;
  std::vector<double> squared;
  Start best = best_start(problem, directions, options, squared);
  if (options.compressed_directions > 0) {
    const NmfStop stop = best.stop;
    settle_weights(problem, best.basis);
    iterate(best, problem.squares, options.full_sweeps, 0.0, false, [&](const Matrix& h) {
      return sweep_data(problem, h, nullptr);
    });
    best.stop = stop;
  }
  const Matrix h = ordered_basis(best.basis, options.scale);
  result.basis = h.array();
  result.weights.resize(static_cast<Eigen::Index>(spectra.pixels()), options.rank);
  settle_weights(problem, h);
  const Sums sums = sweep_data(problem, h, result.weights.data());
  const auto relative = [&](double s) { return std::sqrt(s / problem.squares); };
  result.relative_residual = relative(squared_residual(problem.squares, sums, h));
  result.sweeps = best.sweeps;
  result.stop = best.stop;
  std::transform(
      squared.begin(), squared.end(), std::back_inserter(result.start_residuals), relative);
  std::transform(
      best.trace.begin(), best.trace.end(), std::back_inserter(result.residual_trace), relative);
  for (const double s : directions.singular_values) {
    result.singular_values.push_back(s / static_cast<double>(problem.rows.scale));
  }
  return result;
}

RowArrayF solve_weights(const SpectraView& spectra, const RowArray& basis, Threads threads) {
  require(basis.cols() == static_cast<Eigen::Index>(spectra.channels),
          "basis and spectra have different numbers of channels");
  require_range("rank", static_cast<double>(basis.rows()), 1, double(kernels::max_rank));
  require((basis >= 0.0).all(), "basis must be finite and not negative");
  NmfWorkspace workspace;
  Problem problem = make_problem(spectra, static_cast<int>(basis.rows()), threads, workspace);
  RowArrayF weights = RowArrayF::Zero(static_cast<Eigen::Index>(spectra.pixels()), basis.rows());
  if (problem.rows.scale == 0.0F) {
    return weights;
  }
  settle_weights(problem, basis.matrix());
  (void)sweep_data(problem, basis.matrix(), weights.data());
  return weights;
}

}  // namespace halotwin::analysis
