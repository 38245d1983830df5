// Router: selects the handler by patterns as in OpenAPI, compared by path segment, without regular
// expressions.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lamda::http {

class Router {
  public:
    /// @param pattern `/api/jobs/{id}`: a segment in braces matches any non-empty segment of the path.
    /// Routes are numbered from 0 in the order of adding. @throws std::invalid_argument for a duplicate
    void add(const std::string& method, const std::string& pattern);

    /// Serves the paths below `prefix` as those below `served`: `/api/v1/jobs` as `/api/jobs`.
    void alias(const std::string& prefix, const std::string& served);

    struct Match {
        int route = -1;                             ///< -1: none has this method
        std::vector<std::string> allowed;           ///< allowed methods of the path; empty: unknown path
        std::map<std::string, std::string> params;  ///< parameters of the route
    };
    /// As in OpenAPI, a pattern with literal segments takes precedence over one with parameters, for every
    /// method: `GET /jobs/query` is not a job's id if `POST /jobs/query` exists. GET routes answer HEAD too.
    Match find(const std::string& method, const std::vector<std::string>& path) const;

    const std::string& pattern(int route) const { return routes_[static_cast<std::size_t>(route)].pattern; }
    const std::string& method(int route) const { return routes_[static_cast<std::size_t>(route)].method; }
    std::size_t size() const { return routes_.size(); }
    /// Methods of all routes, HEAD and OPTIONS included; sorted.
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
        std::string
            rank;  ///< `0` for each literal, `1` for each parameter: the smaller rank is the better match
    };
    struct Alias {
        std::vector<std::string> prefix;
        std::vector<std::string> served;
    };
    std::vector<std::string> without_alias(const std::vector<std::string>& segments) const;
    static bool fits(const Route& route, const std::vector<std::string>& segments);
    static std::vector<std::string> sorted_methods(const std::vector<const Route*>& routes);
    std::vector<Route> routes_;
    std::vector<Alias> aliases_;
};

}  // namespace lamda::http
