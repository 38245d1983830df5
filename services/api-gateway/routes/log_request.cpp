#include "services/api-gateway/routes/log_request.hpp"

#include <limits>

#include "core/u256.hpp"
#include "problem/problem.hpp"
#include "views/cursor.hpp"
#include "views/list_query.hpp"

namespace lamda::gateway {

namespace {

std::optional<std::uint64_t> number_in(const std::string& text, std::uint64_t most) {
    const auto value = u256_from_decimal(text);
    return value && *value <= most ? std::optional(value->convert_to<std::uint64_t>()) : std::nullopt;
}

std::optional<LogPlace> place_of(const std::string& attempt, const std::string& seq) {
    const auto first = number_in(attempt, std::numeric_limits<std::int32_t>::max());
    const auto second = number_in(seq, std::numeric_limits<std::int64_t>::max());
    return first && second ? std::optional(LogPlace{static_cast<std::uint32_t>(*first), *second})
                           : std::nullopt;
}

std::optional<Error> apply_limit(const std::string& value, LogQuery& query) {
    const auto limit = number_in(value, views::kMostLimit);
    if (!limit || *limit == 0) {
        return Error{"invalid_limit", "1 to " + std::to_string(views::kMostLimit), ""};
    }
    query.limit = *limit;
    return std::nullopt;
}

std::optional<Error> apply_cursor(const std::string& value, LogQuery& query) {
    const auto parts = views::decode_cursor(value, 2);
    const auto place = parts ? place_of((*parts)[0], (*parts)[1]) : std::nullopt;
    if (!place) {
        return Error{"invalid_cursor", "not a cursor of this list; use the next_cursor of its last page", ""};
    }
    query.after = *place;
    return std::nullopt;
}

std::optional<Error> apply_after(const std::string& value, LogQuery& query) {
    const auto dot = value.find('.');
    const auto place =
        dot == std::string::npos ? std::nullopt : place_of(value.substr(0, dot), value.substr(dot + 1));
    if (!place) {
        return Error{"invalid_place", "attempt and seq of a chunk, such as 1.17", ""};
    }
    query.after = *place;
    return std::nullopt;
}

std::optional<Error> apply(const std::string& name, const std::string& value, LogRequest& out) {
    auto& query = out.query;
    if (name == "limit") {
        return apply_limit(value, query);
    }
    if (name == "cursor") {
        return apply_cursor(value, query);
    }
    if (name == "after") {
        return apply_after(value, query);
    }
    if (name == "attempt") {
        const auto attempt = number_in(value, std::numeric_limits<std::int32_t>::max());
        if (!attempt || *attempt == 0) {
            return Error{"invalid_attempt", "a number from 1", ""};
        }
        query.attempt = static_cast<std::uint32_t>(*attempt);
        return std::nullopt;
    }
    if (name == "stream") {
        if (value != "stdout" && value != "stderr") {
            return Error{"invalid_stream", "stdout or stderr", ""};
        }
        query.stream = value;
        return std::nullopt;
    }
    if (name == "follow") {
        if (value != "true" && value != "false") {
            return Error{"invalid_boolean", "true or false", ""};
        }
        out.follow = value == "true";
        return std::nullopt;
    }
    return Error{"unknown_field", "unknown parameter; allowed: limit, cursor, after, attempt, stream, follow",
                 ""};
}

}  // namespace

LogRequest parse_log_request(const JobId& job, const http::Request& request) {
    LogRequest out{};
    out.query.job = job;
    out.query.limit = views::kDefaultLimit;
    std::vector<problem::FieldError> errors;
    for (auto at = request.query.begin(); at != request.query.end(); ++at) {
        const auto& [name, value] = *at;
        if (request.query.count(name) > 1) {
            if (request.query.find(name) == at) {
                errors.push_back({"?" + name, "repeated", "given more than once; give it once"});
            }
        } else if (const auto error = apply(name, value, out)) {
            errors.push_back({"?" + name, error->code, error->message});
        }
    }
    if (request.query.contains("cursor") && request.query.contains("after")) {
        errors.push_back({"?after", "contradiction", "give cursor or after, not both"});
    }
    if (!errors.empty()) {
        throw problem::Problem{400, "invalid_request", "", "the query is not usable: see errors",
                               std::move(errors)};
    }
    return out;
}

std::string log_cursor(const LogPlace& place) {
    return views::encode_cursor({std::to_string(place.attempt), std::to_string(place.seq)});
}

}  // namespace lamda::gateway
