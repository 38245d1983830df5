// Arguments of `lamda receipt`.
#include <CLI/CLI.hpp>

#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"

namespace lamda::cli {

void add_receipts(CLI::App& app, Verb& verb) {
    auto* receipt = app.add_subcommand("receipt", "Signed receipts of jobs: show, verify");
    receipt->require_subcommand(1);

    static std::string id;
    auto* show = receipt->add_subcommand("show", "Print a job's receipt as JSON, for a file (LAMDA_API_URL)");
    show->add_option("id", id, "0x and 64 hex digits")->required();
    show->callback([&verb] { verb = [](Context& context) { return show_receipt(context, id); }; });

    static ReceiptOptions options;
    auto* verify = receipt->add_subcommand(
        "verify", "Verify a receipt by its signature, without gateway, database or chain");
    verify->add_option("file", options.file, "a document of `lamda receipt show`; - for standard input")
        ->required();
    verify->add_option("--spec", options.spec_file,
                       "file with the job's spec: also compares job id, provider, chain, contract, input and "
                       "a pinned image");
    verify->add_option("--provider", options.provider, "expected provider; absent: the document's");
    verify->add_option("--chain-id", options.chain_id, "expected chain id of BSC; absent: the document's");
    verify->add_option("--job-manager", options.job_manager, "expected JobManager; absent: the document's");
    verify->footer("Exit status: 0 valid, 1 not valid, with the reason, 2 wrong usage or not readable.");
    verify->callback([&verb] { verb = [](Context& context) { return verify_receipt(context, options); }; });
}

}  // namespace lamda::cli
