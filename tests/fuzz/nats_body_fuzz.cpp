// Message bodies from the bus: an accepted message round-trips.
#include "require.hpp"
#include "wire/messages.hpp"

using namespace lamda;

namespace {

template <class Parse>
void there_and_back(std::string_view text, Parse parse) {
    if (const auto message = parse(text)) {
        const auto again = parse(wire::to_json(*message));
        lamda::fuzz::require(again.ok() && *again == *message, "a message round-trips");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    there_and_back(text, wire::parse_assignment);
    there_and_back(text, wire::parse_retraction);
    there_and_back(text, wire::parse_status);
    there_and_back(text, wire::parse_status_applied);
    there_and_back(text, wire::parse_heartbeat);
    there_and_back(text, wire::parse_log_chunk);
    there_and_back(text, wire::parse_event);
    there_and_back(text, wire::parse_command);
    return 0;
}
