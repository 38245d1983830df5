// Channel: the selection of events that a client of the live feed subscribes to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "core/result.hpp"

namespace lamda::gateway {

struct Channel {
    enum class Kind {
        kGlobal,        ///< `global`: every event
        kJob,           ///< `job:<id>`: events of the job
        kNode,          ///< `node:<address>`: events of the node
        kRenterJobs,    ///< `jobs?renter=<address>`: events of the renter's jobs
        kProviderJobs,  ///< `jobs?provider=<address>`: events of the provider's jobs
    };
    Kind kind = Kind::kGlobal;
    JobId job;        ///< of kJob
    Address address;  ///< of the three last kinds

    /// Parses one of the five forms; an address in any case, or with its checksum (EIP-55). Errors:
    /// `invalid_channel`, and those of ids and addresses.
    static Result<Channel> parse(std::string_view text);
    /// The channel as text, addresses in EIP-55.
    std::string name() const;
    /// The key of an event that belongs to this channel (FeedEvent::keys).
    std::string key() const;
};

}  // namespace lamda::gateway
