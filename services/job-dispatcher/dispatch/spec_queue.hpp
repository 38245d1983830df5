// Queue of specs to fetch from IPFS. Fair: neither a source that hangs nor a renter with a thousand unknown
// specs blocks the others.
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
    Timestamp since;  ///< start of the wait
};

/// Not thread-safe.
class SpecQueue {
  public:
    /// Concurrent lookups for one renter.
    static constexpr int kMostOfRenter = 2;
    static constexpr Millis kFirstPause{1'000};
    static constexpr Millis kLongestPause{600'000};

    /// Sets the awaited specs; others are dropped.
    void await(const std::vector<AwaitedSpec>& specs);
    /// Returns the next spec to fetch, in flight until given back. Order: fewest lookups, highest payment,
    /// oldest.
    std::optional<JobId> take(Steady now);
    /// Ends the lookup. Backs off: the next one is due after 1 s, 2 s, 4 s … 10 min.
    void give_back(const JobId& id, Steady now);

  private:
    struct Entry {
        AwaitedSpec spec;
        unsigned lookups = 0;
        Steady next{};
    };

    std::map<JobId, Entry> entries_;
    std::map<JobId, Address> in_flight_;
    std::map<Address, int> of_renter_;
};

}  // namespace lamda::dispatch
