// Tables that line up, for people.
#pragma once

#include <string>
#include <vector>

namespace lamda::cli {

class Table {
  public:
    explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
    /// Control characters of strangers' text are escaped: a row is a line.
    void row(std::vector<std::string> cells);
    /// Columns as wide as their widest cell, two spaces between.
    std::string text() const;

  private:
    std::vector<std::string> heads_;
    std::vector<std::vector<std::string>> rows_;
};

/// One `name  value` a line.
std::string listing(const std::vector<std::pair<std::string, std::string>>& lines);

/// `0.01 tBNB`-like: wei as a decimal fraction of 10^18 without trailing zeros.
std::string ether(const std::string& wei);
/// The same of 10^9.
std::string gwei(const std::string& wei);
/// `0x1234…cdef`
std::string shortened(const std::string& hex);

}  // namespace lamda::cli
