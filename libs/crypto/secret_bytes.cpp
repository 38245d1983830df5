#include "crypto/secret_bytes.hpp"

#include <string.h>

namespace lamda::crypto {

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
        wipe();
        bytes_ = std::move(other.bytes_);
        other.bytes_.clear();
    }
    return *this;
}

void SecretBytes::wipe() {
    if (!bytes_.empty()) {
        ::explicit_bzero(bytes_.data(), bytes_.size());
    }
}

}  // namespace lamda::crypto
