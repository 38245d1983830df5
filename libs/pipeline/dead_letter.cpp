#include "pipeline/dead_letter.hpp"

#include "store/values.hpp"

namespace lamda::pipeline {

void put_dead_letter(store::Txn& txn, const std::string& owner, const std::string& subject,
                     const std::string& body, const std::string& reason) {
    constexpr std::size_t kMost = 64U << 10;
    txn.exec("INSERT INTO bus.dead_letter (owner, subject, body, reason) VALUES ($1, $2, $3, $4)",
             {owner, store::storable(subject, 512), as_bytes(std::string_view(body).substr(0, kMost)),
              store::storable(reason.empty() ? "refused" : reason, 1'024)});
}

}  // namespace lamda::pipeline
