// Parses the header Retry-After (retry_after, http_message.hpp).
#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

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
        // Uses the server's clock: ours may differ.
        const auto server_time = response.header("Date").value_or("");
        const std::time_t now = curl_getdate(server_time.c_str(), nullptr);
        const std::time_t date = curl_getdate(text->c_str(), nullptr);
        if (date < 0 || now < 0) {
            return std::nullopt;
        }
        seconds = date - now;
    }
    return Millis(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMostSeconds)));
}

}  // namespace lamda::net
