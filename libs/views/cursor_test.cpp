#include "views/cursor.hpp"

#include <catch2/catch.hpp>

using namespace lamda::views;

TEST_CASE("a cursor decodes to its values") {
    using namespace std::string_literals;
    for (const auto& values :
         std::vector<std::vector<std::string>>{{},
                                               {""},
                                               {"a"},
                                               {"ab", "c"},
                                               {"2026-11-20T10:00:00Z", "0xabc", std::string(300, 'x')},
                                               {"\0\xFF"s}}) {
        const std::string text = encode_cursor(values);
        INFO(text);
        CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
              std::string::npos);
        CHECK(decode_cursor(text, values.size()).value() == values);
    }
}

TEST_CASE("any text that is not one of our cursors is refused") {
    const std::string good = encode_cursor({"12345", "67890"});
    CHECK(decode_cursor(good, 2).ok());
    CHECK(decode_cursor(good, 1).error().code == "invalid_cursor");
    CHECK(decode_cursor(good, 3).error().code == "invalid_cursor");
    for (const std::string& bad :
         {std::string(), std::string("="), good + "=", good + "A", good.substr(0, 9), "Z" + good.substr(1),
          std::string("AQ"), std::string(5000, 'A'), std::string("a b")}) {
        INFO(bad);
        CHECK(decode_cursor(bad, 2).error().code == "invalid_cursor");
    }
}
