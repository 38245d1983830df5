// Asking before, and judging after, a transaction that costs the person money.
#pragma once

#include <string>

#include "eth/codec/types.hpp"
#include "onchain/transact.hpp"
#include "tools/cli/context.hpp"

namespace lamda::cli {

inline constexpr auto kNoRefund =
    "JobManager has no refund: the payment cannot be taken back, even if the job never runs or fails.";

/// Asks on a terminal; scripts (no terminal on standard input) go on. @throws Refused(1) when the answer is
/// no
void ask_on_terminal(const std::string& what, bool yes);

/// @throws std::runtime_error naming both when the event is missing: the contract is another one
void require_logged(bool logged, const std::string& event, const eth::Receipt& receipt,
                    const std::string& subject);

}  // namespace lamda::cli
