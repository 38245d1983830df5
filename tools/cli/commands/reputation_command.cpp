// `lamda reputation rebuild`: deletes the increment ledger, so that the service reads it from the chain
// again.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/cli/commands.hpp"
#include "tools/cli/stores/tx_store.hpp"

namespace lamda::cli {
namespace {

constexpr auto kQuestion =
    "This deletes the increments read from NodeReputation, and all intents except those that may still be "
    "mined.\n"
    "lamda-reputation reads them from the chain again at its next start. The record of paid fees is lost. "
    "Failed\n"
    "and cancelled intents are tried again. Go on? (yes/no) ";

bool confirmed() {
    fmt::print(stderr, "{}", kQuestion);
    std::string answer;
    return std::getline(std::cin, answer) && answer == "yes";
}

}  // namespace

int rebuild_reputation(Context& context, bool sure) {
    auto database = context.database("lamda reputation rebuild");
    if (const auto reader = or_unread([&] { return reputation_reader(*database); })) {
        throw CommandRefused(
            1, "instance " + *reader + " is active; stop every instance of lamda-reputation first");
    }
    if (!sure && !confirmed()) {
        throw CommandRefused(1, "nothing was changed; answer yes on standard input, or use --yes");
    }
    const auto done = or_unread([&] { return rebuild_reputation(*database); });
    if (!done.refused.empty()) {
        throw CommandRefused(1, done.refused);
    }
    if (context.json()) {
        fmt::print("{}\n", nlohmann::json{{"increments_forgotten", done.increments},
                                          {"intents_forgotten", done.forgotten},
                                          {"intents_kept", done.kept},
                                          {"confirmations", done.confirmations}}
                               .dump());
        return 0;
    }
    fmt::print("deleted: {} increments read from the chain, {} intents\n", done.increments, done.forgotten);
    fmt::print("kept:    {} intents that hold a nonce and may still be mined\n", done.kept);
    fmt::print("to do:   {} confirmed jobs to compare with the chain again\n", done.confirmations);
    fmt::print(
        "Now start lamda-reputation. It sends nothing until it has read NodeReputation again. `lamda chain\n"
        "status` shows its progress; the check reputation:ledger of /readyz shows the reason for waiting.\n");
    return 0;
}

}  // namespace lamda::cli
