#include "runtime/identity.hpp"

#include <algorithm>

namespace lamda::runtime {

namespace {

constexpr auto kCheck = "identity";
constexpr Millis kLookAgain{100};
constexpr Millis kAskAgain{2'000};
/// Contradictions before the process ends: a load balancer or a new endpoint may briefly serve another chain.
constexpr int kContradictionsToBelieve = 3;

std::string list(const std::vector<Address>& contracts) {
    std::string out;
    for (const auto& contract : contracts) {
        out += (out.empty() ? "" : ", ") + contract.hex();
    }
    return out;
}

const StreamRecord* record_of(const std::string& stream, const std::vector<StreamRecord>& records) {
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const auto& record) { return record.stream == stream; });
    return found == records.end() ? nullptr : &*found;
}

}  // namespace

std::string contradiction(const IdentityClaim& claim, const std::vector<StreamRecord>& records) {
    for (const auto& record : records) {
        const auto holds = ": the database holds what stream " + record.stream + " has read from ";
        if (claim.chain_id && *claim.chain_id != record.chain_id) {
            return claim.names.chain_id + holds + "chain " + std::to_string(record.chain_id.value) +
                   ", not from chain " + std::to_string(claim.chain_id->value) + ": set " +
                   std::to_string(record.chain_id.value) + ", or use another database (DATABASE_URL)";
        }
        if (record.contracts != std::vector{claim.contract}) {
            return claim.names.contract + holds + list(record.contracts) + ", not from " +
                   claim.contract.hex() + ": set that address, or use another database (DATABASE_URL)";
        }
    }
    const auto* own = record_of(claim.stream, records);
    if (own != nullptr && own->start_block && claim.start_block && *own->start_block != *claim.start_block) {
        const auto begun = std::to_string(own->start_block->value);
        return claim.names.start_block + ": the database holds what stream " + claim.stream +
               " has read from block " + begun + " on, not from block " +
               std::to_string(claim.start_block->value) + ": set " + begun +
               " or leave it out, or use another database (DATABASE_URL)";
    }
    return "";
}

Identity::Identity(App& app, store::Database& database, std::vector<IdentityClaim> claims)
    : health_(app.health()), log_(app.log()), database_(database), claims_(std::move(claims)) {
    health_.expect(kCheck);
    app.first("configuration", [this](const std::stop_token&) { compare(); });
    app.loop(kCheck, [this](const std::stop_token& stop) { run(stop); });
}

const IdentityClaim* Identity::compare() {
    const IdentityClaim* missing = nullptr;
    std::vector<ChainId> recorded;
    for (const auto& claim : claims_) {
        const auto records =
            database_.transact([&](store::Txn& txn) { return read_stream_records(txn, claim.stream); });
        if (const auto wrong = contradiction(claim, records); !wrong.empty()) {
            health_.set(kCheck, false, wrong);
            throw ConfigError(wrong);
        }
        if (const auto* own = record_of(claim.stream, records)) {
            recorded.push_back(own->chain_id);
        } else if (missing == nullptr || missing->works_unrecorded) {
            missing = &claim;
        }
    }
    if (missing == nullptr && !proven_) {
        const std::lock_guard lock(mutex_);
        recorded_ = std::move(recorded);
        proven_ = true;
        health_.set(kCheck, true);
        changed_.notify_all();
    }
    return missing;
}

bool Identity::prove() {
    try {
        return proven_ || compare() == nullptr;
    } catch (const std::exception& error) {
        log_.debug("identity not proven yet", {{"reason", error.what()}});
        return false;
    }
}

void Identity::run(const std::stop_token& stop) {
    do {
        const auto* missing = compare();
        if (missing == nullptr) {
            ask_endpoints(stop);
            return;
        }
        if (health_.set(kCheck, missing->works_unrecorded,
                        "stream " + missing->stream + " has not begun in this database yet")) {
            log_.info("waiting for the first block of a stream", {{"stream", missing->stream}});
        }
    } while (pause(stop, kLookAgain));
}

void Identity::ask_endpoints(const std::stop_token& stop) {
    for (std::size_t i = 0; i < claims_.size(); ++i) {
        int contradictions = 0;
        for (bool answered = !claims_[i].ask_endpoints; !answered && !stop.stop_requested();) {
            try {
                claims_[i].ask_endpoints(recorded_[i]);
                answered = true;
            } catch (const ConfigError&) {
                if (++contradictions >= kContradictionsToBelieve) {
                    throw;
                }
            } catch (const std::exception& error) {
                // The stream reports readiness: this instance may be on standby and not need its endpoints.
                log_.debug("endpoints not answering yet", {{"reason", error.what()}});
            }
            if (!answered && !pause(stop, kAskAgain)) {
                return;
            }
        }
    }
}

bool Identity::wait(const std::stop_token& stop) const {
    std::unique_lock lock(mutex_);
    return changed_.wait(lock, stop, [this] { return proven_.load(); });
}

std::function<void(const std::stop_token&)> Identity::after_proof(
    std::function<void(const std::stop_token&)> body) const {
    return [this, run_body = std::move(body)](const std::stop_token& stop) {
        if (wait(stop)) {
            run_body(stop);
        }
    };
}

}  // namespace lamda::runtime
