#include "http/byte_range.hpp"

#include <catch2/catch.hpp>

using namespace lamda::http;
using Kind = Selection::Kind;

namespace {

constexpr auto kTag = "\"tag\"";

Selection selected(const std::string& range, std::uint64_t size, const std::string& if_range = "") {
    Request request;
    request.method = "GET";
    request.headers["range"] = range;
    if (!if_range.empty()) {
        request.headers["if-range"] = if_range;
    }
    return select_range(request, kTag, size);
}

void check(const Selection& selection, Kind kind, std::uint64_t first, std::uint64_t size) {
    CHECK(selection.kind == kind);
    CHECK(selection.first == first);
    CHECK(selection.size == size);
}

}  // namespace

TEST_CASE("one range selects its bytes, cut at the end of the content") {
    check(selected("bytes=0-0", 10), Kind::kPart, 0, 1);
    check(selected("bytes=2-4", 10), Kind::kPart, 2, 3);
    check(selected("bytes=9-", 10), Kind::kPart, 9, 1);
    check(selected("bytes=0-", 10), Kind::kPart, 0, 10);
    check(selected("Bytes=5-99999999999999999999999", 10), Kind::kPart, 5, 5);
    check(selected("bytes=-3", 10), Kind::kPart, 7, 3);
    check(selected("bytes=-30", 10), Kind::kPart, 0, 10);
}

TEST_CASE("a range beyond the content cannot be satisfied") {
    for (const char* range : {"bytes=10-", "bytes=10-20", "bytes=99999999999999999999999-", "bytes=-0",
                              "bytes=18446744073709551615-"}) {
        INFO(range);
        check(selected(range, 10), Kind::kUnsatisfiable, 0, 0);
    }
    check(selected("bytes=0-", 0), Kind::kUnsatisfiable, 0, 0);
}

TEST_CASE("several, malformed and unknown ranges select the whole") {
    for (const char* range : {"", "bytes=", "bytes=-", "bytes=4-2", "bytes=1-2,4-5", "bytes=a-b", "bytes=1-x",
                              "bytes=+1-2", "items=1-2", "bytes 1-2", "bytes=1", "bytes=1-2-3"}) {
        INFO(range);
        check(selected(range, 10), Kind::kWhole, 0, 10);
    }
    check(selected("bytes=-5", 0), Kind::kWhole, 0, 0);
}

TEST_CASE("If-Range with another tag, a weak one or a date selects the whole") {
    check(selected("bytes=1-2", 10, kTag), Kind::kPart, 1, 2);
    for (const char* condition : {"\"other\"", "W/\"tag\"", "Sun, 06 Nov 1994 08:49:37 GMT"}) {
        check(selected("bytes=1-2", 10, condition), Kind::kWhole, 0, 10);
    }
}

TEST_CASE("HEAD has no ranges") {
    Request request;
    request.method = "HEAD";
    request.headers["range"] = "bytes=1-2";
    check(select_range(request, kTag, 10), Kind::kWhole, 0, 10);
}

TEST_CASE("If-None-Match names the tag, alone, in a list or by an asterisk") {
    Request request;
    CHECK_FALSE(is_unchanged(request, kTag));
    CHECK_FALSE(names_any_tag(request));
    for (const char* field : {"\"tag\"", "\"a\", \"tag\"", "*", "W/\"tag\""}) {
        request.headers["if-none-match"] = field;
        CHECK(is_unchanged(request, kTag));
        CHECK(names_any_tag(request) == (std::string_view(field) == "*"));
    }
    request.headers["if-none-match"] = "\"other\"";
    CHECK_FALSE(is_unchanged(request, kTag));
}
