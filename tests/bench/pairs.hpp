// Ratios of two figures that are measured in turn, pair by pair: the drift of the machine cancels in each
// pair.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lamda::bench {

struct Target {
    enum class Bound { kAtMost, kAtLeast } bound = Bound::kAtMost;
    double value = 0;
};

class Pairs {
  public:
    /// One pair: `figure / reference`. The reference must be above 0.
    void add(double figure, double reference);
    std::size_t size() const { return ratios_.size(); }
    /// @throws std::logic_error without a pair
    double median() const;
    double least() const;
    double most() const;

  private:
    std::vector<double> ratios_;
};

/// `holds in the worst pair`, `holds in the median, not in the worst pair` or `does not hold`. Pure.
std::string verdict(const Pairs& pairs, const Target& target);
/// One line: the median ratio, the target, the spread of the pairs and the verdict.
/// @param of the reference, e.g. "the floor"
void report_pairs(const std::string& name, const Pairs& pairs, const Target& target, const std::string& of);

}  // namespace lamda::bench
