// Tables with aligned columns.
#pragma once

#include <string>
#include <vector>

namespace lamda::cli {

class Table {
  public:
    explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
    /// Escapes control characters, so that a row is one line.
    void row(std::vector<std::string> cells);
    /// Columns are as wide as their widest cell, separated by two spaces.
    std::string text() const;

  private:
    std::vector<std::string> heads_;
    std::vector<std::vector<std::string>> rows_;
};

/// Returns one line `name  value` for each pair.
std::string listing(const std::vector<std::pair<std::string, std::string>>& lines);

/// Returns wei as a decimal fraction of 10^18 without trailing zeros: `0.01`.
std::string ether(const std::string& wei);
/// Returns wei as a decimal fraction of 10^9 without trailing zeros.
std::string gwei(const std::string& wei);
/// `0x1234…cdef`
std::string shortened(const std::string& hex);

}  // namespace lamda::cli
