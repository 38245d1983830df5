#include "crypto/digest.hpp"

#include <cryptopp/keccak.h>
#include <cryptopp/sha.h>

#include <utility>

namespace lamda::crypto {

Bytes32 keccak256(BytesView bytes) {
    CryptoPP::Keccak_256 hash;
    hash.Update(bytes.data(), bytes.size());
    Bytes32 out;
    hash.Final(out.array().data());
    return out;
}

Bytes32 sha256(BytesView bytes) {
    Bytes32 out;
    CryptoPP::SHA256().CalculateDigest(out.array().data(), bytes.data(), bytes.size());
    return out;
}

struct Sha256::Impl {
    CryptoPP::SHA256 hash;
};

Sha256::Sha256() : impl_(new Impl) {}
Sha256::~Sha256() {
    delete impl_;
}
Sha256::Sha256(Sha256&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
Sha256& Sha256::operator=(Sha256&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}
void Sha256::update(BytesView part) {
    impl_->hash.Update(part.data(), part.size());
}
Bytes32 Sha256::finish() {
    Bytes32 out;
    impl_->hash.Final(out.array().data());
    return out;
}

}  // namespace lamda::crypto
