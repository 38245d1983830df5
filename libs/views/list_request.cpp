#include "views/list_request.hpp"

#include "views/body.hpp"

namespace lamda::views {

ListRequest request_of_body(std::string_view body) {
    ListRequest out;
    out.prefix = "/";
    auto members = members_of(body);
    out.values = std::move(members.scalars);
    out.arrays = std::move(members.arrays);
    return out;
}

std::vector<std::string> split_values(const std::string& text) {
    std::vector<std::string> out;
    std::size_t begin = 0;
    while (true) {
        const auto comma = text.find(',', begin);
        out.push_back(text.substr(begin, comma - begin));
        if (comma == std::string::npos) {
            return out;
        }
        begin = comma + 1;
    }
}

}  // namespace lamda::views
