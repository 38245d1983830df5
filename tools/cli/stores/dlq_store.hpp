// Dead letters: messages that a service refused, read and moved through schema api.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "store/database.hpp"

namespace lamda::cli {

struct DeadLetter {
    std::uint64_t id = 0;
    std::string owner;  ///< the service that refused the message
    std::string subject;
    std::string reason;
    Timestamp at;
    std::string body;  ///< untrusted bytes
};

struct DeadLetterFilter {
    std::optional<std::string> owner{};
    std::optional<std::string> subject{};  ///< substring, for example a provider's address
    std::optional<std::string> reason{};   ///< substring
    unsigned limit = 100;
};
/// Newest first.
std::vector<DeadLetter> read_dead_letters(store::Database& database, const DeadLetterFilter& filter);
std::optional<DeadLetter> read_dead_letter(store::Database& database, std::uint64_t id);

struct Moved {
    std::uint64_t id = 0;
    bool done = false;
    std::string answer;  ///< the action, or the reason of the refusal
};
enum class DeadLetterMove { kRedrive, kDrop };
/// Moves dead letters in order of their ids, so that statuses of one attempt keep the order of their arrival.
std::vector<Moved> move_dead_letters(store::Database& database, std::vector<std::uint64_t> ids,
                                     DeadLetterMove move);

}  // namespace lamda::cli
