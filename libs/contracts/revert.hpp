// Revert data as text: the errors that every contract may return, and a writer for those of generated
// contracts.
#pragma once

#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::contracts {

/// Solidity's Error(string) as its text, Panic(uint256) as its meaning, anything else as hex. The text comes
/// from the chain: it is cut to 1,000 bytes, and characters other than printable ASCII become '?'.
std::string describe_standard_revert(BytesView data);

/// Writes `NotAuthorized(jobId: 0x…, caller: 0x…)` argument by argument.
class RevertText {
  public:
    explicit RevertText(std::string_view error) : text_(std::string(error) + "(") {}
    RevertText& add(std::string_view name, const Address& value) { return put(name, value.hex()); }
    RevertText& add(std::string_view name, const Bytes32& value) { return put(name, value.hex()); }
    RevertText& add(std::string_view name, const U256& value) { return put(name, to_decimal(value)); }
    RevertText& add(std::string_view name, const Bytes& value) { return put(name, to_hex(value)); }
    RevertText& add(std::string_view name, const std::string& value);
    RevertText& add_bool(std::string_view name, bool value) { return put(name, value ? "true" : "false"); }
    std::string finish() const { return text_ + ")"; }

  private:
    RevertText& put(std::string_view name, const std::string& value);
    std::string text_;
};

}  // namespace lamda::contracts
