#include "tools/cli/paying.hpp"
#include "telemetry/shown_text.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

namespace lamda::cli {

void ask_on_terminal(const std::string& what, bool yes) {
    if (yes || isatty(STDIN_FILENO) == 0) {
        return;
    }
    fmt::print(stderr, "{}\nGo on? (yes/no) ", telemetry::shown_lines(what));
    std::string answer;
    if (!std::getline(std::cin, answer) || answer != "yes") {
        throw CommandRefused(1, "nothing was sent: the answer was not \"yes\"; answer yes, or use --yes");
    }
}

void require_logged(bool logged, const std::string& event, const eth::Receipt& receipt,
                    const std::string& subject) {
    if (!logged) {
        throw std::runtime_error(subject + ": transaction " + receipt.tx_hash.hex() + " was mined in block " +
                                 std::to_string(receipt.block.number.value) + " but logged no matching " +
                                 event + "; compare the contract's address");
    }
}

}  // namespace lamda::cli
