// Logs of the two contracts: any topics and data are decoded or refused; an accepted event round-trips, and
// its indexed arguments have one form only.
//
// Input: selector of topic 0 (0 … 6: an event's, else the next 32 bytes), number of further topics, the
// topics, the data.
#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "require.hpp"

using namespace lamda;

namespace {

class Input {
  public:
    explicit Input(BytesView bytes) : rest_(bytes) {}
    std::uint8_t byte() {
        const auto taken = take(1);
        return taken.empty() ? 0 : taken[0];
    }
    Topic topic() {
        Topic out;
        const auto taken = take(Topic::kSize);
        std::copy(taken.begin(), taken.end(), out.array().begin());
        return out;
    }
    BytesView take(std::size_t size) {
        const auto taken = rest_.first(std::min(size, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    BytesView rest() const { return rest_; }

  private:
    BytesView rest_;
};

std::vector<Topic> known_topics() {
    auto out = contracts::job_manager::all_topics();
    const auto others = contracts::node_reputation::all_topics();
    out.insert(out.end(), others.begin(), others.end());
    return out;
}

eth::Log log_of(BytesView bytes) {
    static const std::vector<Topic> known = known_topics();
    Input input(bytes);
    eth::Log out;
    const std::size_t which = input.byte();
    const std::size_t more = input.byte() % 5;  // one more than a log can have: decoders must accept the list
    out.topics.push_back(which < known.size() ? known[which] : input.topic());
    for (std::size_t i = 0; i < more; ++i) {
        out.topics.push_back(input.topic());
    }
    out.data.assign(input.rest().begin(), input.rest().end());
    return out;
}

template <class Decode>
void there_and_back(const eth::Log& log, Decode decode) {
    const auto event = decode(log);
    if (!event) {
        return;
    }
    const eth::Log again = std::visit([&](const auto& one) { return one.encode(log.address); }, *event);
    lamda::fuzz::require(again.topics == log.topics, "indexed arguments have one form");
    const auto decoded = decode(again);
    lamda::fuzz::require(decoded.ok() && *decoded == *event, "an event round-trips");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const eth::Log log = log_of(BytesView(data, size));
    there_and_back(log, [](const eth::Log& one) { return contracts::job_manager::decode_event(one); });
    there_and_back(log, [](const eth::Log& one) { return contracts::node_reputation::decode_event(one); });
    eth::Log bare = log;
    bare.topics.clear();
    fuzz::require(!contracts::job_manager::decode_event(bare).ok(), "a log without topics is refused");
    return 0;
}
