// Entry point of lamda-reputation: reads the settings and runs the service.
#include "services/reputation/service.hpp"

namespace {

int serve(lamda::runtime::App& app, const lamda::reputation::Config& config) {
    lamda::reputation::Service service(app, config);
    return app.run();
}

}  // namespace

int main(int argc, char** argv) {
    return lamda::runtime::service_main(
        argc, argv, "lamda-reputation",
        "Counts confirmed jobs on opBNB: one incrementJobs for each, followed until it is final.",
        lamda::reputation::read_config, serve);
}
