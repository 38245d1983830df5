#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "net/http_message.hpp"

namespace lamda::net {

std::optional<Millis> retry_after(const HttpResponse& response) {
    constexpr std::int64_t kMostSeconds = 24 * 3600;
    const auto text = response.header("Retry-After");
    if (!text || text->empty()) {
        return std::nullopt;
    }
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (error != std::errc{} || end != text->data() + text->size()) {
        const std::time_t now = std::time(nullptr);
        const std::time_t date = curl_getdate(text->c_str(), &now);
        if (date < 0) {
            return std::nullopt;
        }
        seconds = date - now;
    }
    return Millis(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMostSeconds)));
}

}  // namespace lamda::net
