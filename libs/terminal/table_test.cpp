// Tests of tables: alignment, and the order in which they give way to a narrow screen.
#include "terminal/table.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace lamda::terminal;

namespace {

const std::string kJob = "0x8f9e84" + std::string(52, 'a') + "ffc62b";

Screen wide(std::size_t columns) {
    return {.is_terminal = true, .width = columns};
}

Table jobs() {
    Table table({{"JOB", Kind::kId, 2},
                 {"STATUS"},
                 {"PAYMENT", Kind::kAmount, 3},
                 {"CREATED", Kind::kTime, 1, 2},
                 {"BLOCK", Kind::kNumber, 0, 1},
                 {"REASON", Kind::kText, 4}});
    table.row({kJob, "completed", "0.01 BNB", "2026-11-30T02:29:14.123Z", "7", "-"});
    table.row({kJob, "failed", "12.5 BNB", "2026-11-30T02:29:15.123Z", "1234",
               "the image does not exist anywhere"});
    return table;
}

}  // namespace

TEST_CASE("a row is one line; control characters of untrusted text are escaped") {
    Table table({{"GPU"}});
    table.row({"a\x1b[31m\nb\xe2\x80\xae"});
    CHECK(table.text({}) == "GPU\na\\u001b[31m\\nb\\u202e\n");
    CHECK(listing({{"gpu", "a\n\x1b"}}) == "gpu  a\\n\\u001b\n");
}

TEST_CASE("texts are aligned left and numbers right, for characters of several bytes too") {
    Table table({{"KEY", Kind::kId}, {"NONCE", Kind::kNumber}, {"REASON"}}, 2);
    table.row({"fill:7", "7", "-"});
    table.row({"0x12…ab", "1234567", "it waits"});
    CHECK(table.text({}) ==
          "  KEY        NONCE  REASON\n"
          "  fill:7         7  -\n"
          "  0x12…ab  1234567  it waits\n");
}

TEST_CASE("without a terminal every value is complete") {
    const auto text = jobs().text({});
    CHECK(text.find(kJob + "  completed") != std::string::npos);
    CHECK(text.find("2026-11-30T02:29:14.123Z") != std::string::npos);
    CHECK(text.find("the image does not exist anywhere\n") != std::string::npos);
    CHECK(text.find("…") == std::string::npos);
}

TEST_CASE("a table that is too wide shortens its columns in their order, as few as necessary") {
    CHECK(jobs().text(wide(200)) == jobs().text({}));
    const auto times = jobs().text(wide(150));
    CHECK(times.find(kJob) != std::string::npos);
    CHECK(times.find("11-30 02:29:14") != std::string::npos);
    CHECK(jobs().text(wide(90)) ==
          "JOB            STATUS      PAYMENT  CREATED         BLOCK  REASON\n"
          "0x8f9e84…c62b  completed  0.01 BNB  11-30 02:29:14      7  -\n"
          "0x8f9e84…c62b  failed     12.5 BNB  11-30 02:29:15   1234  the image does not exist anywh…\n");
}

TEST_CASE("columns are hidden in their order if short forms do not suffice; the last line names them") {
    CHECK(jobs().text(wide(60)) ==
          "JOB            STATUS      PAYMENT  BLOCK  REASON\n"
          "0x8f9e84…c62b  completed  0.01 BNB      7  -\n"
          "0x8f9e84…c62b  failed     12.5 BNB   1234  the image does n…\n"
          "(too narrow for: CREATED; `| cat` shows all)\n");
    CHECK(jobs().text(wide(50)) ==
          "JOB            STATUS      PAYMENT  REASON\n"
          "0x8f9e84…c62b  completed  0.01 BNB  -\n"
          "0x8f9e84…c62b  failed     12.5 BNB  the image doe…\n"
          "(too narrow for: CREATED, BLOCK; `| cat` shows al…\n");
    std::istringstream lines(jobs().text(wide(60)));
    for (std::string line; std::getline(lines, line);) {
        CHECK(width_of(line) <= 60);
    }
}

TEST_CASE("a short form or a hidden column is taken back if a later one made room for it") {
    Table table({{"AMOUNT", Kind::kAmount, 1}, {"JOB", Kind::kId, 2}});
    table.row({"0.012345678 BNB", kJob});
    CHECK(table.text(wide(60)) == "         AMOUNT  JOB\n0.012345678 BNB  0x8f9e84…c62b\n");
    Table more({{"AMOUNT", Kind::kAmount, 1}, {"JOB", Kind::kId, 2}, {"NOTE", Kind::kText, 3}});
    more.row({"0.012345678 BNB", kJob, "x"});
    CHECK(more.text(wide(60)) == "         AMOUNT  JOB            NOTE\n0.012345678 BNB  0x8f9e84…c62b  x\n");
    Table hiding({{"A", Kind::kText, 0, 1}, {"WIDE HEAD", Kind::kText, 0, 2}, {"KEPT"}});
    hiding.row({"a", "b", "c"});
    CHECK(hiding.text(wide(14)) == "A  KEPT\na  c\n(too narrow f…\n");
}

TEST_CASE("colour surrounds the text of a cell, not its padding") {
    Table table({{"STATE", Kind::kText, 0, 0, state_tone}, {"NAME"}});
    table.row({"ok", "x"});
    CHECK(table.text({.is_terminal = true, .colour = true}) ==
          "\x1b[1mSTATE\x1b[0m  \x1b[1mNAME\x1b[0m\n\x1b[32mok\x1b[0m     x\n");
    CHECK(table.text({}) == "STATE  NAME\nok     x\n");
}
