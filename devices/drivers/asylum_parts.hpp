// The parts of the Asylum driver. Internal: users see asylum_probe.hpp.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/igor_image.hpp"
#include "devices/drivers/asylum_link.hpp"

namespace halotwin::devices {

class AsylumSignals final : public SignalReader {
 public:
  explicit AsylumSignals(AsylumLink& link) : link_(&link) {}
  [[nodiscard]] std::vector<Signal> signals() const override;
  void read(std::span<const std::size_t> indices, std::span<double> values) override;

 private:
  AsylumLink* link_;
};

class AsylumScanner final : public ImageScanner {
 public:
  explicit AsylumScanner(AsylumLink& link) : link_(&link) {}
  ScanFrame configure(const ScanFrame& wanted,
                      std::span<const std::size_t> signal_indices) override;
  [[nodiscard]] ScanFrame frame() const override { return ask_frame("read frame", {}); }
  [[nodiscard]] bool whole_frames() const override { return true; }
  void start() override;
  std::size_t wait_line(Duration timeout, const std::stop_token& stop) override;
  void stop() override;
  [[nodiscard]] Image<float> data(std::size_t signal_index, ScanDirection direction) const override;
  /// Somebody else stopped it.
  void halted() { running_ = false; }

 private:
  /// What tells one version of a file from another.
  struct Stamp {
    std::uintmax_t bytes = 0;
    std::filesystem::file_time_type written;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::map<std::string, Stamp>;  // by file name

  [[nodiscard]] ScanFrame ask_frame(const char* operation,
                                    std::span<const asylum::Call> before) const;
  [[nodiscard]] Stamps images() const;
  [[nodiscard]] std::optional<IgorImage> new_image();
  [[nodiscard]] IgorImage read_image(const std::filesystem::path& path) const;
  void check(const std::string& name, const IgorImage& image) const;
  void ask_whether_it_scans();

  AsylumLink* link_;
  std::optional<ScanFrame> applied_;
  std::vector<std::size_t> indices_;
  Stamps before_;               // images that were there when the scan began
  std::optional<Stamps> seen_;  // new ones at the last look
  Duration seen_at_{};          // they have been the same since then
  std::optional<IgorImage> image_;
  bool running_ = false;
  Duration due_{};  // the last line
  Duration ask_at_{};
};

}  // namespace halotwin::devices
