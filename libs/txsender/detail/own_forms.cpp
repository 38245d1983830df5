#include "txsender/detail/own_forms.hpp"

#include <utility>

#include "crypto/digest.hpp"

namespace lamda::txsender {

void OwnForms::begin_pass() {
    before_ = std::exchange(known_, {});
}

void OwnForms::made(const eth::SignedTransaction& done) {
    known_[done.hash] = done.tx;
}

const eth::Transaction* OwnForms::of(const StoredTx& form) {
    const auto hash = crypto::keccak256(form.raw).as<TxHash>();
    if (hash != form.hash) {
        return nullptr;
    }
    auto found = known_.find(hash);
    if (found == known_.end()) {
        auto remembered = before_.extract(hash);
        found = remembered.empty() ? known_.emplace(hash, read(form.raw)).first
                                   : known_.insert(std::move(remembered)).position;
    }
    return found->second ? &*found->second : nullptr;
}

std::optional<eth::Transaction> OwnForms::read(const Bytes& raw) const {
    const auto decoded = eth::decode_signed(raw);
    if (!decoded || decoded->tx.chain_id != chain_) {
        return std::nullopt;
    }
    const auto sender = eth::sender_of(*decoded);
    return sender && *sender == wallet_ ? std::optional(decoded->tx) : std::nullopt;
}

std::size_t OwnForms::keep_own(TxQueueEntry& entry) {
    return std::erase_if(entry.txs, [&](StoredTx& form) {
        const auto* tx = of(form);
        if (tx == nullptr || entry.nonce != tx->nonce) {
            return true;
        }
        form.fee = tx->fee;
        return false;
    });
}

}  // namespace lamda::txsender
