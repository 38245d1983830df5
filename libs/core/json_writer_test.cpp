#include "core/json_writer.hpp"

#include <catch2/catch.hpp>

#include "core/utf8.hpp"

using namespace lamda;

namespace {

std::string written(std::string_view text, JsonEscapes escapes) {
    return JsonWriter(escapes).text(text).take();
}

}  // namespace

TEST_CASE("JSON: objects and arrays have commas between their values") {
    JsonWriter out;
    out.begin_object()
        .key("a")
        .number(-1)
        .key("b")
        .begin_array()
        .text("x")
        .null()
        .begin_object()
        .end_object();
    out.end_array().key("c").boolean(true).key("d").begin_object().raw(R"("e":1,"f":[])").end_object();
    out.raw("").key("g").begin_array().end_array().end_object();
    CHECK(out.take() == R"({"a":-1,"b":["x",null,{}],"c":true,"d":{"e":1,"f":[]},"g":[]})");
    CHECK(JsonWriter()
              .text_or_null(std::optional<std::string>("t"))
              .text_or_null(std::optional<std::string_view>())
              .number_or_null(std::optional(7))
              .number_or_null(std::optional<int>())
              .take() == R"("t",null,7,null)");
    CHECK(JsonWriter().key("a").text("{").key("b:").text(":").take() == R"("a":"{","b:":":")");
}

TEST_CASE("JSON: strings are escaped, and characters that steer a terminal where that is requested") {
    CHECK(written("a\"\\/\b\f\n\r\t\x01\x1f", JsonEscapes::kCanonical) ==
          R"("a\"\\/\b\f\n\r\t\u0001\u001f")");
    CHECK(written("\x7f\xC2\x9B\xE2\x80\xAE", JsonEscapes::kCanonical) == "\"\x7f\xC2\x9B\xE2\x80\xAE\"");
    CHECK(written("\x7f\xC2\x9B\xE2\x80\xAE\xC3\xA9", JsonEscapes::kSteering) ==
          "\"\\u007f\\u009b\\u202e\xC3\xA9\"");
    CHECK(written("\xFFz\xE2\x82", JsonEscapes::kSteering) == "\"\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST_CASE("UTF-8 is validated by RFC 3629") {
    CHECK(utf8_sequence("") == 0);
    CHECK(utf8_sequence("a") == 1);
    CHECK(utf8_sequence("\xC3\xA9") == 2);
    CHECK(utf8_sequence("\xE2\x82\xAC") == 3);
    CHECK(utf8_sequence("\xF0\x9F\x98\x80") == 4);
    CHECK(code_point("\xF0\x9F\x98\x80") == 0x1F600);
    for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80",
                            "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xC3"}) {
        INFO(written(bad, JsonEscapes::kSteering));
        CHECK(utf8_sequence(bad) == 0);
    }
    CHECK(valid_utf8("a\xFF\xC3\xA9") == "a\xEF\xBF\xBD\xC3\xA9");
}
