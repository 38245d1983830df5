#include "http/detail/field_list.hpp"

#include <algorithm>

namespace lamda::http {

std::string lowercase(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> list_items(std::string_view field) {
    std::vector<std::string_view> out;
    const auto add = [&](std::string_view item) {
        if (item = trimmed(item); !item.empty()) {
            out.push_back(item);
        }
    };
    bool quoted = false;
    std::size_t from = 0;
    for (std::size_t at = 0; at < field.size(); ++at) {
        if (field[at] == '"') {
            quoted = !quoted;
        } else if (field[at] == ',' && !quoted) {
            add(field.substr(from, at - from));
            from = at + 1;
        }
    }
    add(field.substr(from));
    return out;
}

}  // namespace lamda::http
