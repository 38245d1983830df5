// Which handler answers: patterns as in OpenAPI, compared piece by piece, without regular expressions.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lamda::http {

class Router {
  public:
    /// @param pattern `/api/jobs/{id}`: a piece in braces takes any one non-empty piece of the path.
    /// Routes are numbered from 0 in the order of adding. @throws std::invalid_argument when it is added
    /// twice
    void add(const std::string& method, const std::string& pattern);

    struct Match {
        int route = -1;                             ///< -1: none has this method
        std::vector<std::string> allowed;           ///< methods of the path; empty: unknown path
        std::map<std::string, std::string> params;  ///< of the route
    };
    /// As in OpenAPI, the pattern that fits with literal pieces goes before one with parameters, whatever the
    /// method: `GET /jobs/query` is no job's id where `POST /jobs/query` exists. GET routes answer HEAD too.
    Match find(const std::string& method, const std::vector<std::string>& segments) const;

    const std::string& pattern(int route) const { return routes_[static_cast<std::size_t>(route)].pattern; }
    const std::string& method(int route) const { return routes_[static_cast<std::size_t>(route)].method; }
    std::size_t size() const { return routes_.size(); }
    /// Those of all routes, HEAD and OPTIONS included; sorted.
    std::vector<std::string> methods() const;

  private:
    struct Piece {
        bool is_param;
        std::string text;  ///< literal, or the parameter's name
    };
    struct Route {
        std::string method;
        std::string pattern;
        std::vector<Piece> pieces;
        std::string rank;  ///< `0` for each literal, `1` for each parameter: the smaller is the closer fit
    };
    static bool fits(const Route& route, const std::vector<std::string>& segments);
    static std::vector<std::string> sorted_methods(const std::vector<const Route*>& routes);
    std::vector<Route> routes_;
};

}  // namespace lamda::http
