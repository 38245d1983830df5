#include "http/detail/answer_headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "http/detail/representation.hpp"

namespace lamda::http {

namespace {

constexpr std::array<std::pair<const char*, const char*>, 4> kProtection = {{
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
}};

}  // namespace

void add_protection(Response& response, bool secure) {
    const auto add = [&](const char* name, const char* value) {
        if (find_header(response, name) == nullptr) {
            response.headers.emplace_back(name, value);
        }
    };
    for (const auto& [name, value] : kProtection) {
        add(name, value);
    }
    // Over plain HTTP browsers ignore it, and RFC 6797, section 7.2, forbids it.
    if (secure) {
        add("Strict-Transport-Security", "max-age=31536000");
    }
}

CrossOrigin::CrossOrigin(std::vector<std::string> origins)
    : origins_(std::move(origins)),
      any_(std::find(origins_.begin(), origins_.end(), "*") != origins_.end()) {}

std::string CrossOrigin::allowed(const std::string& origin) const {
    if (origin.empty()) {
        return "";
    }
    // The configured text, not the client's.
    const auto at = std::find(origins_.begin(), origins_.end(), origin);
    return any_ ? "*" : at == origins_.end() ? "" : *at;
}

void CrossOrigin::add(Response& response, const std::string& origin) const {
    if (!origins_.empty() && !any_) {
        add_vary(response, "Origin");
    }
    const auto value = allowed(origin);
    if (value.empty()) {
        return;
    }
    response.headers.emplace_back("Access-Control-Allow-Origin", value);
    if (!any_) {
        response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
    }
    response.headers.emplace_back("Access-Control-Expose-Headers",
                                  "Accept-Ranges, Allow, Content-Disposition, Content-Range, ETag, "
                                  "Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, "
                                  "Retry-After, WWW-Authenticate, X-Request-Id");
}

void CrossOrigin::add_preflight(Response& response, const std::string& origin,
                                const std::vector<std::string>& methods) const {
    add(response, origin);
    if (allowed(origin).empty()) {
        return;
    }
    response.headers.emplace_back("Access-Control-Allow-Methods",
                                  fmt::format("{}", fmt::join(methods, ", ")));
    response.headers.emplace_back(
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Last-Event-ID, Range");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
}

std::string http_date(Timestamp at) {
    constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss<std::chrono::seconds> time(floor<std::chrono::seconds>(at - day));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                       kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace lamda::http
