#include "analysis/correlation_kernels.hpp"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#define HALOTWIN_AVX2 __attribute__((target("avx2")))
#endif

// Every function that passes a vector by value is inlined: there is no calling convention to
// change.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace halotwin::analysis::kernels {

namespace {

constexpr std::size_t lanes = 8;  // pixels of a vector of 32 bytes

}  // namespace

void add_row_plain(const RowFrames& here, const RowFrames& below, const RowSums& into) {
  const std::size_t nx = here.nx;
  const auto difference = [](const RowFrames& row, std::size_t t, std::size_t x) {
    return static_cast<std::int64_t>(row.frames[t * row.stride + x]) - row.reference[x];
  };
  for (std::size_t t = 0; t < here.count; ++t) {
    for (std::size_t x = 0; x < nx; ++x) {
      const std::int64_t d = difference(here, t, x);
      into.sum[x] += d;
      into.square[x] += d * d;
      if (x + 1 < nx) {
        into.product[0][x] += d * difference(here, t, x + 1);
      }
      if (below.nx == 0) {
        continue;
      }
      into.product[1][x] += d * difference(below, t, x);
      if (x + 1 < nx) {
        into.product[2][x] += d * difference(below, t, x + 1);
      }
      if (x > 0) {
        into.product[3][x] += d * difference(below, t, x - 1);
      }
    }
  }
}

#if defined(__x86_64__)

bool has_paired_rows() {
  return __builtin_cpu_supports("avx2") > 0;
}

namespace {

using Words = __m256i;

HALOTWIN_AVX2 inline Words load(const void* from) {
  return _mm256_loadu_si256(static_cast<const Words*>(from));
}
HALOTWIN_AVX2 inline Words distance(Words a, Words b) {
  return _mm256_or_si256(_mm256_subs_epu16(a, b), _mm256_subs_epu16(b, a));
}
HALOTWIN_AVX2 inline void store(void* to, Words v) {
  _mm256_storeu_si256(static_cast<Words*>(to), v);
}

// 16 pixels of two frames at a time; the OR of all |d| goes to `bits`.
HALOTWIN_AVX2 void pair_frames(const std::uint16_t* even,
                               const std::uint16_t* odd,
                               const std::uint16_t* reference,
                               std::size_t nx,
                               std::size_t stride,
                               std::int16_t* out,
                               Words& bits) {
  for (std::size_t x = 0; x + 16 <= nx; x += 16) {
    if (x % 32 == 0) {  // the next row of the same frame follows it in memory
      _mm_prefetch(even + x + nx, _MM_HINT_T0);
      _mm_prefetch(even + x + nx + stride, _MM_HINT_T0);
    }
    const Words r = load(reference + x);
    const Words a = load(even + x);
    const Words b = odd == nullptr ? r : load(odd + x);
    bits = _mm256_or_si256(bits, _mm256_or_si256(distance(a, r), distance(b, r)));
    const Words da = _mm256_sub_epi16(a, r);
    const Words db = _mm256_sub_epi16(b, r);
    const Words low = _mm256_unpacklo_epi16(da, db);   // pixels 0-3 and 8-11
    const Words high = _mm256_unpackhi_epi16(da, db);  // pixels 4-7 and 12-15
    store(out + 2 * x, _mm256_permute2x128_si256(low, high, 0x20));
    store(out + 2 * x + 16, _mm256_permute2x128_si256(low, high, 0x31));
  }
}

HALOTWIN_AVX2 inline void flush(std::int64_t* into, Words v, std::size_t count, int scale = 1) {
  alignas(32) std::array<std::int32_t, lanes> part{};
  store(part.data(), v);
  for (std::size_t i = 0; i < count; ++i) {
    into[i] += std::int64_t{scale} * part[i];
  }
}

/// Sums of products of two frames: of small rows in 32 bits, of others in two halves of 16.
template <bool small>
struct ProductSums {
  Words low = {};
  Words high = {};

  HALOTWIN_AVX2 void add(Words a, Words b) {
    const Words m = _mm256_madd_epi16(a, b);
    if constexpr (small) {
      low = _mm256_add_epi32(low, m);
    } else {
      low = _mm256_add_epi32(low, _mm256_and_si256(m, _mm256_set1_epi32(0xffff)));
      high = _mm256_add_epi32(high, _mm256_srai_epi32(m, 16));
    }
  }
  HALOTWIN_AVX2 void flush_to(std::int64_t* into, std::size_t count) const {
    flush(into, low, count);
    if constexpr (!small) {
      flush(into, high, count, 1 << 16);
    }
  }
};

}  // namespace

HALOTWIN_AVX2 void pair_row(const RowFrames& row, PairedRow& out) {
  constexpr std::size_t margin = 1;
  const std::size_t padded = (row.nx + 15) / 16 * 16;
  const std::size_t pairs = (row.count + 1) / 2;
  out.width = padded + 2 * margin;
  out.words.resize((block_frames / 2) * out.width * 2 + 32);
  Words bits = _mm256_setzero_si256();
  std::uint32_t rest = 0;
  for (std::size_t k = 0; k < pairs; ++k) {
    std::int16_t* to = out.words.data() + k * out.width * 2;
    const std::uint16_t* even = row.frames + 2 * k * row.stride;
    const std::uint16_t* odd = 2 * k + 1 < row.count ? even + row.stride : nullptr;
    to[0] = to[1] = 0;
    std::int16_t* first = to + 2 * margin;
    pair_frames(even, odd, row.reference, row.nx, row.stride, first, bits);
    for (std::size_t x = row.nx / 16 * 16; x < row.nx; ++x) {
      const int a = static_cast<int>(even[x]) - row.reference[x];
      const int b = odd == nullptr ? 0 : static_cast<int>(odd[x]) - row.reference[x];
      rest |=
          static_cast<std::uint32_t>(std::max(a, -a)) | static_cast<std::uint32_t>(std::max(b, -b));
      first[2 * x] = static_cast<std::int16_t>(a);
      first[2 * x + 1] = static_cast<std::int16_t>(b);
    }
    std::fill(first + 2 * row.nx, to + 2 * out.width, std::int16_t{0});
  }
  alignas(32) std::array<std::uint16_t, 16> seen{};
  store(seen.data(), bits);
  for (const std::uint16_t s : seen) {
    rest |= s;
  }
  out.largest = rest;
}

namespace {

/// sum d, sum d^2 and the products with the pixel to the east.
template <bool small>
HALOTWIN_AVX2 void add_along(const PairedRow& here,
                             std::size_t x,
                             std::size_t pairs,
                             std::size_t count,
                             const RowSums& into) {
  const Words ones = _mm256_set1_epi16(1);
  Words sum = _mm256_setzero_si256();
  ProductSums<small> square;
  ProductSums<small> east;
  const std::int16_t* c = here.words.data() + 2 * (x + 1);
  for (std::size_t k = 0; k < pairs; ++k, c += here.width * 2) {
    const Words d = load(c);
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(d, ones));
    square.add(d, d);
    east.add(d, load(c + 2));
  }
  flush(into.sum + x, sum, count);
  square.flush_to(into.square + x, count);
  east.flush_to(into.product[0] + x, count);
}

/// The products with the three pixels of the row below.
template <bool small>
HALOTWIN_AVX2 void add_below(const PairedRow& here,
                             const PairedRow& below,
                             std::size_t x,
                             std::size_t pairs,
                             std::size_t count,
                             const RowSums& into) {
  ProductSums<small> south;
  ProductSums<small> south_east;
  ProductSums<small> south_west;
  const std::int16_t* c = here.words.data() + 2 * (x + 1);
  const std::int16_t* b = below.words.data() + 2 * (x + 1);
  for (std::size_t k = 0; k < pairs; ++k, c += here.width * 2, b += here.width * 2) {
    const Words d = load(c);
    south.add(d, load(b));
    south_east.add(d, load(b + 2));
    south_west.add(d, load(b - 2));
  }
  south.flush_to(into.product[1] + x, count);
  south_east.flush_to(into.product[2] + x, count);
  south_west.flush_to(into.product[3] + x, count);
}

template <bool small>
HALOTWIN_AVX2 void add_pairs(const PairedRow& here,
                             const PairedRow* below,
                             std::size_t nx,
                             std::size_t frames,
                             const RowSums& into) {
  const std::size_t pairs = (frames + 1) / 2;
  for (std::size_t x = 0; x < nx; x += lanes) {
    const std::size_t count = std::min(lanes, nx - x);
    add_along<small>(here, x, pairs, count, into);
    if (below != nullptr) {
      add_below<small>(here, *below, x, pairs, count, into);
    }
  }
}

}  // namespace

void add_paired_row(const PairedRow& here,
                    const PairedRow* below,
                    std::size_t nx,
                    std::size_t frames,
                    const RowSums& into) {
  if (here.is_small() && (below == nullptr || below->is_small())) {
    add_pairs<true>(here, below, nx, frames, into);
  } else {
    add_pairs<false>(here, below, nx, frames, into);
  }
}

#else

bool has_paired_rows() {
  return false;
}
void pair_row(const RowFrames&, PairedRow&) {}
void add_paired_row(const PairedRow&, const PairedRow*, std::size_t, std::size_t, const RowSums&) {}

#endif

}  // namespace halotwin::analysis::kernels
