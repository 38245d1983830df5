// Which awaited spec is looked for next on IPFS: a source that hangs, and a renter with a thousand ids that
// name nothing, leave room for the others.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::dispatch {

struct AwaitedSpec {
    JobId id;
    Address renter;
    U256 payment;     ///< in wei
    Timestamp since;  ///< when it began to wait
};

/// Not thread-safe.
class SpecQueue {
  public:
    /// Lookups of one renter's specs at the same time.
    static constexpr int kMostOfRenter = 2;
    static constexpr Millis kFirstPause{1'000};
    static constexpr Millis kLongestPause{600'000};

    /// All that is awaited now; others are forgotten.
    void await(const std::vector<AwaitedSpec>& specs);
    /// The spec to look for next: first those that were looked for the fewest times, of these the best paid,
    /// of these the oldest. It is under way until given back.
    std::optional<JobId> take(Steady now);
    /// The lookup ended: the next one comes after 1 s, 2 s, 4 s … 10 min.
    void give_back(const JobId& id, Steady now);

  private:
    struct Entry {
        AwaitedSpec spec;
        unsigned lookups = 0;
        Steady next{};
    };

    std::map<JobId, Entry> entries_;
    std::map<JobId, Address> under_way_;
    std::map<Address, int> of_renter_;
};

}  // namespace lamda::dispatch
