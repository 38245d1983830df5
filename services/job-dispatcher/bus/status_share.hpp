// One provider's statuses do not hold up another's: repetitions cost nothing, and beyond its share a provider
// waits.
#pragma once

#include <map>
#include <string_view>
#include <unordered_set>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::dispatch {

/// Pure but for what it remembers. For one thread.
class StatusShare {
  public:
    /// Statuses of one provider that are handled without a pause, and then each second.
    static constexpr double kBurst = 1'000;
    static constexpr double kPerSecond = 100;
    /// A status that comes again within this, byte for byte, is a repetition.
    static constexpr Millis kRemembered{10'000};
    static constexpr std::size_t kMostRemembered = 20'000;

    enum class Verdict {
        kTake,
        kRepeated,  ///< these bytes were handled a moment ago: nothing to do
        kOver       ///< beyond the provider's share: later
    };
    /// A status that is to be taken counts against the provider's share.
    Verdict judge(const Address& provider, std::string_view body, Steady now);
    /// The status was handled for good.
    void handled(const Address& provider, std::string_view body, Steady now);

  private:
    struct Bucket {
        double tokens = kBurst;
        Steady at{};
    };
    void turn(Steady now);

    std::map<Address, Bucket> buckets_;
    // Two generations: a remembered status is forgotten with the second turn after it came.
    std::unordered_set<Bytes32> newer_;
    std::unordered_set<Bytes32> older_;
    Steady turned_{};
};

}  // namespace lamda::dispatch
