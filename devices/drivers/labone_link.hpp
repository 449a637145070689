// One connection to a data server of LabOne, for one instrument: nodes are read and set by their
// path below the instrument.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "devices/drivers/labone_api.hpp"

namespace halotwin::devices::labone {

/// What the library answered, with the node or step that it was about.
class LinkError : public std::runtime_error {
 public:
  LinkError(Result result, const std::string& text) : std::runtime_error(text), result_(result) {}
  [[nodiscard]] Result result() const { return result_; }
  /// The connection is gone, or never was.
  [[nodiscard]] bool lost() const;
  /// It may work another time: nothing is wrong with the request itself.
  [[nodiscard]] bool passing() const;

 private:
  Result result_;
};

class Link {
 public:
  /// `device` as "dev1234". Does not connect yet.
  Link(std::shared_ptr<const Api> api, std::string host, std::uint16_t port, std::string device);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link();

  /// Connects (API level 1 at port 8005, else 6) and has the server connect the instrument where it
  /// has not yet. All functions throw LinkError.
  void open();
  void close();
  [[nodiscard]] bool is_open() const { return connection_ != nullptr; }

  /// Nodes are meant below the instrument ("oscs/0/freq") unless they begin with a slash.
  [[nodiscard]] double number(const std::string& node) const;
  [[nodiscard]] std::int64_t whole(const std::string& node) const;
  [[nodiscard]] std::string text(const std::string& node) const;
  void set(const std::string& node, double value) const;
  void set(const std::string& node, std::int64_t value) const;
  /// Returns when everything that was set has arrived at the instrument.
  void sync() const;
  [[nodiscard]] DemodSample sample(const std::string& node) const;

  void subscribe(const std::string& node) const;
  void unsubscribe(const std::string& node) const;
  /// Fills the event, which is of type event_none if nothing came in time; false if samples were
  /// lost before it.
  [[nodiscard]] bool poll(Event& event, std::uint32_t timeout_ms) const;

  [[nodiscard]] std::string path(const std::string& node) const;
  [[nodiscard]] std::string address() const;  // "labone://host:8004/dev1234"
  [[nodiscard]] const Api& api() const { return *api_; }

 private:
  void check(Result result, const std::string& about) const;
  [[nodiscard]] bool has_instrument() const;

  std::shared_ptr<const Api> api_;
  std::string host_;
  std::uint16_t port_;
  std::string device_;
  Connection connection_ = nullptr;
};

}  // namespace halotwin::devices::labone
