// Metrics in the Prometheus model; names `lamda_<part>_<what>_<unit>`, counters end in `_total`.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lamda::telemetry {

using Labels = std::map<std::string, std::string>;

class Counter {
  public:
    void add(double by = 1);
    double value() const;

  private:
    friend class Metrics;
    explicit Counter(void* handle) : handle_(handle) {}
    void* handle_;
};

class Gauge {
  public:
    void set(double value);
    double value() const;

  private:
    friend class Metrics;
    explicit Gauge(void* handle) : handle_(handle) {}
    void* handle_;
};

class Histogram {
  public:
    void observe(double value);

  private:
    friend class Metrics;
    explicit Histogram(void* handle) : handle_(handle) {}
    void* handle_;
};

/// All metrics of one process. Thread-safe. The same name and labels return the same metric.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    /// @param buckets upper bounds, ascending, in the metric's unit
    Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
                        const Labels& labels = {});
    /// Text exposition format 0.0.4.
    std::string serialize() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::telemetry
