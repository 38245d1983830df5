// Rate limit of statuses for each provider, so that one provider does not delay another. Repetitions use
// no tokens.
#pragma once

#include <map>
#include <string_view>
#include <unordered_set>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::dispatch {

/// No I/O. For one thread.
class StatusShare {
  public:
    /// Token bucket of one provider: burst, and statuses each second.
    static constexpr double kBurst = 1'000;
    static constexpr double kPerSecond = 100;
    /// A byte-identical status within this time is a repetition.
    static constexpr Millis kRemembered{10'000};
    static constexpr std::size_t kMostRemembered = 20'000;
    /// Postponed statuses of one provider. Later ones are dropped: the bus delivers nothing new once too many
    /// messages of all providers are postponed. An agent repeats its final statuses until they are applied.
    static constexpr std::size_t kMostPostponed = 10'000;

    enum class Verdict {
        kTake,
        kRepeated,  ///< these bytes were handled within kRemembered: nothing to do
        kOver,      ///< beyond the provider's share: postpone
        kDrop       ///< the provider has kMostPostponed postponed statuses already
    };
    /// Checks a status. kTake uses up one token of the provider.
    /// @param again the status was postponed earlier
    Verdict admit(const Address& provider, std::string_view body, Steady now, bool again = false);
    /// Records a status as handled: the same bytes are a repetition.
    void handled(const Address& provider, std::string_view body, Steady now);

  private:
    struct Bucket {
        double tokens = kBurst;
        Steady at{};
        std::size_t postponed = 0;  ///< an estimate: another instance may take some of them
    };
    void rotate(Steady now);
    /// A postponed status of the provider waits no longer.
    void note_taken(const Address& provider);

    std::map<Address, Bucket> buckets_;
    // Two generations: a status is dropped with the second rotation after it was handled.
    std::unordered_set<Bytes32> newer_;
    std::unordered_set<Bytes32> older_;
    Steady rotated_{};
};

}  // namespace lamda::dispatch
