#include "services/node-agent/credentials/bus_access.hpp"

#include "services/node-agent/credentials/credentials_client.hpp"
#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

BusAccess::BusAccess(const Address& provider, natsauth::Nkey key, std::string path)
    : name_(provider.hex()), key_(std::move(key)), path_(std::move(path)) {
    if (const auto text = read_file(path_)) {
        auto stored = wire::parse_issued_credentials(*text);
        if (stored && check_issued(*stored, provider, key_.public_key())) {
            issued_ = *std::move(stored);
        }
    }
}

bool BusAccess::present() const {
    const std::lock_guard lock(mutex_);
    return issued_.has_value();
}

bool BusAccess::replace(const wire::IssuedCredentials& issued) {
    const std::lock_guard lock(mutex_);
    const bool moved = issued_ && issued_->servers != issued.servers;
    issued_ = issued;
    withheld_ = false;
    return moved;
}

void BusAccess::store(const wire::IssuedCredentials& issued) const {
    write_durably(path_, to_json(issued), {"agent.credentials.written", "agent.credentials.renamed"});
}

void BusAccess::withhold() {
    const std::lock_guard lock(mutex_);
    withheld_ = true;
}

std::string BusAccess::jwt() const {
    const std::lock_guard lock(mutex_);
    return issued_ && !withheld_ ? issued_->jwt : "";
}

std::string BusAccess::servers() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const auto& server : issued_ ? issued_->servers : std::vector<std::string>{}) {
        out += (out.empty() ? "" : ",") + server;
    }
    return out;
}

bus::Login BusAccess::login(std::string servers) {
    return {name_,
            [this] {
                auto text = jwt();
                if (text.empty()) {
                    throw bus::Unavailable("there are no credentials");
                }
                return text;
            },
            [this](const std::string& nonce) {
                const auto signature = key_.sign(as_bytes(nonce));
                return std::vector<std::uint8_t>(signature.begin(), signature.end());
            },
            [this, fixed = std::move(servers)] { return fixed.empty() ? this->servers() : fixed; }};
}

}  // namespace lamda::agent
