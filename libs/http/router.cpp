#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

#include "http/target.hpp"

namespace lamda::http {

void Router::add(const std::string& method, const std::string& pattern) {
    Route route{method, pattern, {}, ""};
    for (const auto piece : split_path(pattern)) {
        const bool is_param = piece.size() > 2 && piece.front() == '{' && piece.back() == '}';
        route.pieces.push_back({is_param, std::string(is_param ? piece.substr(1, piece.size() - 2) : piece)});
        route.rank += is_param ? '1' : '0';
    }
    for (const Route& other : routes_) {
        if (other.method == method && other.pattern == pattern) {
            std::string what = "route added twice: ";
            throw std::invalid_argument(what.append(method).append(" ").append(pattern));
        }
    }
    routes_.push_back(std::move(route));
}

bool Router::fits(const Route& route, const std::vector<std::string>& segments) {
    return route.pieces.size() == segments.size() &&
           std::equal(segments.begin(), segments.end(), route.pieces.begin(),
                      [](const std::string& segment, const Piece& piece) {
                          return piece.is_param ? !segment.empty() : segment == piece.text;
                      });
}

Router::Match Router::find(const std::string& method, const std::vector<std::string>& segments) const {
    Match match;
    const auto allow = [&match](const std::string& name) {
        if (std::find(match.allowed.begin(), match.allowed.end(), name) == match.allowed.end()) {
            match.allowed.push_back(name);
        }
    };
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        const Route& route = routes_[i];
        if (!fits(route, segments)) {
            continue;
        }
        allow(route.method);
        if (route.method == "GET") {
            allow("HEAD");
        }
        if ((route.method == method || (route.method == "GET" && method == "HEAD")) &&
            (match.route < 0 || route.rank < routes_[static_cast<std::size_t>(match.route)].rank)) {
            match.route = static_cast<int>(i);
        }
    }
    if (!match.allowed.empty()) {
        allow("OPTIONS");
        std::sort(match.allowed.begin(), match.allowed.end());
    }
    if (match.route >= 0) {
        const auto& pieces = routes_[static_cast<std::size_t>(match.route)].pieces;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (pieces[i].is_param) {
                match.params[pieces[i].text] = segments[i];
            }
        }
    }
    return match;
}

}  // namespace lamda::http
