#include "pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "report.hpp"

namespace lamda::bench {

void Pairs::add(double figure, double reference) {
    if (!(reference > 0)) {
        throw std::logic_error("the reference of a pair must be above 0");
    }
    ratios_.push_back(figure / reference);
}

double Pairs::median() const {
    if (ratios_.empty()) {
        throw std::logic_error("no pair was measured");
    }
    return bench::median(ratios_);
}

double Pairs::least() const {
    return *std::min_element(ratios_.begin(), ratios_.end());
}

double Pairs::most() const {
    return *std::max_element(ratios_.begin(), ratios_.end());
}

std::string verdict(const Pairs& pairs, const Target& target) {
    const bool at_most = target.bound == Target::Bound::kAtMost;
    const auto holds = [&](double ratio) { return at_most ? ratio <= target.value : ratio >= target.value; };
    if (holds(at_most ? pairs.most() : pairs.least())) {
        return "holds in the worst pair";
    }
    return holds(pairs.median()) ? "holds in the median, not in the worst pair" : "does not hold";
}

void report_pairs(const std::string& name, const Pairs& pairs, const Target& target, const std::string& of) {
    report(name, pairs.median(), "x",
           fmt::format("target {} {} x {}: {}; {} pairs, {:.2f} to {:.2f}",
                       target.bound == Target::Bound::kAtMost ? "≤" : "≥", target.value, of,
                       verdict(pairs, target), pairs.size(), pairs.least(), pairs.most()));
}

}  // namespace lamda::bench
