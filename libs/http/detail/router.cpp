#include "http/detail/router.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "http/detail/target.hpp"

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

std::vector<std::string> Router::sorted_methods(const std::vector<const Route*>& routes) {
    std::set<std::string> out;
    for (const Route* route : routes) {
        out.insert(route->method);
        if (route->method == "GET") {
            out.insert("HEAD");
        }
    }
    if (!out.empty()) {
        out.insert("OPTIONS");
    }
    return {out.begin(), out.end()};
}

std::vector<std::string> Router::methods() const {
    std::vector<const Route*> all;
    all.reserve(routes_.size());
    for (const Route& route : routes_) {
        all.push_back(&route);
    }
    return sorted_methods(all);
}

void Router::alias(const std::string& prefix, const std::string& served) {
    const auto pieces = [](const std::string& path) {
        const auto split = split_path(path);
        return std::vector<std::string>(split.begin(), split.end());
    };
    aliases_.push_back({pieces(prefix), pieces(served)});
}

std::vector<std::string> Router::without_alias(const std::vector<std::string>& segments) const {
    for (const auto& [prefix, served] : aliases_) {
        if (segments.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), segments.begin())) {
            auto out = served;
            out.insert(out.end(), segments.begin() + static_cast<std::ptrdiff_t>(prefix.size()),
                       segments.end());
            return out;
        }
    }
    return segments;
}

Router::Match Router::find(const std::string& method, const std::vector<std::string>& path) const {
    const auto segments = without_alias(path);
    std::vector<const Route*> closest;
    for (const Route& route : routes_) {
        if (!fits(route, segments) || (!closest.empty() && route.rank > closest.front()->rank)) {
            continue;
        }
        if (!closest.empty() && route.rank < closest.front()->rank) {
            closest.clear();
        }
        closest.push_back(&route);
    }
    Match match;
    match.allowed = sorted_methods(closest);
    for (const Route* route : closest) {
        if (route->method == method || (route->method == "GET" && method == "HEAD")) {
            match.route = static_cast<int>(route - routes_.data());
            for (std::size_t i = 0; i < route->pieces.size(); ++i) {
                if (route->pieces[i].is_param) {
                    match.params[route->pieces[i].text] = segments[i];
                }
            }
            break;
        }
    }
    return match;
}

}  // namespace lamda::http
