#include "runtime/secret.hpp"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cstdlib>

namespace lamda::runtime {

namespace {

constexpr std::size_t kMostFile = 64U << 10;

}  // namespace

void wipe(std::string& text) {
    text.resize(text.capacity());
    ::explicit_bzero(text.data(), text.size());
    text.clear();
}

Secret::Secret(std::string&& text) : value_(std::move(text)) {
    wipe(text);  // a short string was copied, not moved
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
    wipe(other.value_);
}

Secret& Secret::operator=(Secret other) noexcept {
    value_.swap(other.value_);
    return *this;
}

std::optional<Secret> read_secret_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return std::nullopt;
    }
    std::string text(kMostFile + 1, '\0');  // full size from the start: growing would leave copies
    std::size_t size = 0;
    ssize_t got = 1;
    while (got > 0 && size < text.size()) {
        got = ::read(fd, text.data() + size, text.size() - size);
        size += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    ::close(fd);
    if (got < 0 || size > kMostFile) {
        wipe(text);
        return std::nullopt;
    }
    text.resize(size);
    return Secret(std::move(text));
}

Secret first_line(const Secret& text) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // written by some editors
    const std::size_t from = text.reveal().starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    const std::size_t end = text.reveal().find_first_of("\r\n");
    return Secret(text.reveal().substr(from, end == std::string::npos ? end : end - from));
}

Secret trimmed(const Secret& text) {
    constexpr auto kSpace = " \t\r\n";
    const std::size_t from = text.reveal().find_first_not_of(kSpace);
    if (from == std::string::npos) {
        return {};
    }
    return Secret(text.reveal().substr(from, text.reveal().find_last_not_of(kSpace) + 1 - from));
}

void forget_variable(const std::string& name) {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        if (::strncmp(*entry, name.c_str(), name.size()) == 0 && (*entry)[name.size()] == '=') {
            char* value = *entry + name.size() + 1;
            ::explicit_bzero(value, ::strlen(value));
        }
    }
    ::unsetenv(name.c_str());
}

}  // namespace lamda::runtime
