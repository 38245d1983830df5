#include "services/node-registry/credentials/access_loop.hpp"

#include <exception>

#include "runtime/app.hpp"

namespace lamda::registry {

AccessLoop::AccessLoop(store::Database& database, AccountPublisher& accounts, const Clock& clock,
                       telemetry::Log log)
    : database_(database), accounts_(accounts), clock_(clock), log_(std::move(log)) {}

void AccessLoop::owe_again() {
    const auto connects = accounts_.connects();
    const auto now = clock_.steady();
    if (connects_ == connects && now < again_at_) {
        return;
    }
    database_.transact([&](store::Txn& txn) { owe_revocations(txn); });
    connects_ = connects;
    again_at_ = now + kSendAgain;
}

void AccessLoop::push(const Address& provider) {
    const auto access = database_.transact([&](store::Txn& txn) {
        const auto locked = lock_access(txn, provider);
        accounts_.push(provider, locked);
        note_pushed(txn, provider, locked.generation, accounts_.form());
        return locked;
    });
    log_.info("account sent to the bus", {{"provider", provider.hex()}, {"revoked", access.revoked}});
}

std::size_t AccessLoop::push_owed() {
    const auto owed =
        database_.transact([&](store::Txn& txn) { return owed_accounts(txn, accounts_.form()); });
    std::exception_ptr failure;
    for (const auto& provider : owed) {
        try {
            push(provider);
        } catch (const std::exception&) {
            failure = std::current_exception();
            if (!accounts_.connected()) {
                break;
            }
        }
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    return owed.size();
}

void AccessLoop::run(const std::stop_token& stop) {
    do {
        owe_again();
        push_owed();
    } while (runtime::pause(stop, Millis(500)));
}

}  // namespace lamda::registry
