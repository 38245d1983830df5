// Proofs with the operator's token: of a command to the dispatcher, and of the dispatcher's answer to it.
#pragma once

#include "wire/messages.hpp"

namespace lamda::wire {

/// Largest difference between a command's time and the reader's clock. It allows two clocks that are each a
/// day off. A repeated command is recognized by its request id, which is stored for longer.
inline constexpr Millis kCommandLifetime = std::chrono::days(3);

/// Adds the time and an HMAC-SHA256 over the canonical command, keyed with the operator's token.
Command prove_command(Command command, std::string_view token, Timestamp now);
/// Verifies a command's proof. Errors: `no_proof`, `wrong_proof`, `stale_command`.
lamda::Status verify_command(const Command& command, std::string_view token, Timestamp now);

/// Adds a member `proof` that binds the answer, an object, to this proven command.
std::string prove_answer(std::string_view text, const Command& command, std::string_view token);
/// True if `text` is the result of prove_answer() for this command.
bool answer_is_proven(std::string_view text, const Command& command, std::string_view token);

}  // namespace lamda::wire
