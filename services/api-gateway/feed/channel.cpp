#include "services/api-gateway/feed/channel.hpp"

#include <utility>

#include "crypto/address_text.hpp"
#include "crypto/signer.hpp"

namespace lamda::gateway {

namespace {

constexpr std::pair<std::string_view, Channel::Kind> kForms[] = {
    {"job:", Channel::Kind::kJob},
    {"node:", Channel::Kind::kNode},
    {"jobs?renter=", Channel::Kind::kRenterJobs},
    {"jobs?provider=", Channel::Kind::kProviderJobs},
};

std::string prefix_of(Channel::Kind kind) {
    for (const auto& [prefix, of] : kForms) {
        if (of == kind) {
            return std::string(prefix);
        }
    }
    return "";
}

}  // namespace

Result<Channel> Channel::parse(std::string_view text) {
    Channel out;
    if (text == "global") {
        return out;
    }
    for (const auto& [prefix, kind] : kForms) {
        if (!text.starts_with(prefix)) {
            continue;
        }
        out.kind = kind;
        const std::string value(text.substr(prefix.size()));
        if (kind == Kind::kJob) {
            const auto job = JobId::parse(value);
            if (!job) {
                return job.error();
            }
            out.job = *job;
            return out;
        }
        const auto address = crypto::parse_address(value);
        if (!address) {
            return address.error();
        }
        out.address = *address;
        return out;
    }
    return Error{"invalid_channel",
                 "must be global, job:<id>, node:<address>, jobs?renter=<address> or jobs?provider=<address>",
                 ""};
}

std::string Channel::name() const {
    if (kind == Kind::kGlobal) {
        return "global";
    }
    return prefix_of(kind) + (kind == Kind::kJob ? job.hex() : crypto::checksum_address(address));
}

std::string Channel::key() const {
    if (kind == Kind::kGlobal) {
        return "global";
    }
    return prefix_of(kind) + (kind == Kind::kJob ? job.hex() : address.hex());
}

}  // namespace lamda::gateway
