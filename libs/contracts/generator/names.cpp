#include "contracts/generator/names.hpp"

#include <algorithm>
#include <array>

namespace lamda::abigen {
namespace {

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr std::array kReserved = {
    "and",      "auto",     "bool",     "break",   "case",    "catch",     "char",    "class",
    "const",    "continue", "decode",   "default", "delete",  "do",        "double",  "else",
    "encode",   "enum",     "explicit", "export",  "extern",  "false",     "float",   "for",
    "friend",   "goto",     "if",       "inline",  "int",     "long",      "mutable", "namespace",
    "new",      "not",      "operator", "or",      "private", "protected", "public",  "register",
    "requires", "return",   "short",    "signed",  "sizeof",  "static",    "struct",  "switch",
    "template", "this",     "throw",    "topic",   "true",    "try",       "typedef", "typename",
    "union",    "unsigned", "using",    "virtual", "void",    "volatile",  "while",   "xor"};

}  // namespace

std::string snake_case(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (is_upper(c)) {
            const bool after_word = i > 0 && (is_lower(name[i - 1]) || is_digit(name[i - 1]));
            const bool starts_word =
                i > 0 && is_upper(name[i - 1]) && i + 1 < name.size() && is_lower(name[i + 1]);
            if (after_word || starts_word) {
                out.push_back('_');
            }
            out.push_back(static_cast<char>(c - 'A' + 'a'));
        } else {
            out.push_back(c);
        }
    }
    const auto first = out.find_first_not_of('_');
    out.erase(0, first == std::string::npos ? 0 : first);
    if (std::find(kReserved.begin(), kReserved.end(), out) != kReserved.end()) {
        out.push_back('_');
    }
    return out;
}

std::string pascal_case(std::string_view name) {
    std::string out(name);
    out.erase(0, std::min(out.find_first_not_of('_'), out.size()));
    if (!out.empty() && is_lower(out[0])) {
        out[0] = static_cast<char>(out[0] - 'a' + 'A');
    }
    return out;
}

bool is_identifier(std::string_view name) {
    return !name.empty() && !is_digit(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
        return is_upper(c) || is_lower(c) || is_digit(c) || c == '_';
    });
}

}  // namespace lamda::abigen
