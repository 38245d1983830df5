#include "bus/detail/login.hpp"

#include <cstdlib>
#include <cstring>

namespace lamda::bus {

namespace {

/// Copies for nats.c, which releases with free(). Null: no memory.
void* copy_of(const void* bytes, std::size_t size) {
    void* const out = std::malloc(size);
    if (out != nullptr) {
        std::memcpy(out, bytes, size);
    }
    return out;
}

}  // namespace

natsStatus LoginCallbacks::set(natsOptions* options) {
    return natsOptions_SetUserCredentialsCallbacks(options, &LoginCallbacks::jwt, this, &LoginCallbacks::sign,
                                                   this);
}

bool LoginCallbacks::available() {
    try {
        missing_ = login_.jwt().empty();
    } catch (const std::exception&) {
        missing_ = true;
    }
    return !missing_;
}

natsStatus LoginCallbacks::jwt(char** out, char** /*error*/, void* closure) {
    auto& self = *static_cast<LoginCallbacks*>(closure);
    try {
        const std::string text = self.login_.jwt();
        self.missing_ = false;
        *out = static_cast<char*>(copy_of(text.c_str(), text.size() + 1));
        return *out == nullptr ? NATS_NO_MEMORY : NATS_OK;
    } catch (const std::exception&) {
        self.missing_ = true;
        return NATS_CONNECTION_AUTH_FAILED;
    }
}

natsStatus LoginCallbacks::sign(char** /*error*/, unsigned char** out, int* length, const char* nonce,
                                void* closure) {
    auto& self = *static_cast<LoginCallbacks*>(closure);
    try {
        const auto signature = self.login_.sign(nonce == nullptr ? "" : nonce);
        ++self.unanswered_;
        *out = static_cast<unsigned char*>(copy_of(signature.data(), signature.size()));
        *length = static_cast<int>(signature.size());
        return *out == nullptr ? NATS_NO_MEMORY : NATS_OK;
    } catch (const std::exception&) {
        return NATS_CONNECTION_AUTH_FAILED;
    }
}

}  // namespace lamda::bus
