// Thousands of JobManager's logs on an EVM node, at the node's speed.
#pragma once

#include <cstdint>
#include <string>

#include "core/ids.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

enum class JobLogKind { kCreated, kConfirmed, kClaimed };

/// tests/data/JobLogs.sol, deployed: code at address() that emits requested events. Jobs are numbered; id,
/// renter and provider follow from the number.
class JobLogs {
  public:
    /// @throws std::runtime_error with the node's answer; so do the functions below
    explicit JobLogs(Anvil& node);
    const std::string& address() const { return address_; }  ///< `0x…`
    /// Emits logs of the jobs first … first + count − 1, `per_block` of them in each new block. @param
    /// per_block at most 10,000: the limit of a block's gas
    void emit(JobLogKind kind, std::uint64_t first, std::uint64_t count, std::uint64_t per_block);

  private:
    Anvil& node_;
    std::string address_;
};

/// The node's newest block.
BlockNum head_of(Anvil& node);

}  // namespace lamda::testkit
