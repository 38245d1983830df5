// The program that a GPU is measured with.
#include <fmt/format.h>

#include "services/node-agent/benchmark/gpu_speed.hpp"

namespace lamda::agent {

std::string multiply_add_ptx() {
    constexpr unsigned kChains = 8;
    std::string start;
    std::string round;
    std::string sum;
    for (unsigned chain = 0; chain < kChains; ++chain) {
        round += fmt::format("  fma.rn.f32 %f{0}, %f{0}, %f8, %f9;\n", chain);
        if (chain > 0) {
            start += fmt::format("  add.f32 %f{}, %f{}, 0f3F800000;\n", chain, chain - 1);
            sum += fmt::format("  add.f32 %f0, %f0, %f{};\n", chain);
        }
    }
    std::string rounds;
    for (unsigned i = 0; i < kMultiplyAddsPerRound / kChains; ++i) {
        rounds += round;
    }
    // x = 0.999 x + 0.001 stays near 1. The result is stored, so that no compiler leaves the work out.
    return R"(.version 6.0
.target sm_50
.address_size 64
.visible .entry multiply_add(.param .u64 out, .param .u32 rounds)
{
  .reg .pred %p;
  .reg .b32 %r<6>;
  .reg .b64 %a<3>;
  .reg .f32 %f<10>;
  ld.param.u64 %a0, [out];
  ld.param.u32 %r0, [rounds];
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mad.lo.u32 %r4, %r1, %r2, %r3;
  cvt.rn.f32.u32 %f0, %r4;
  mov.f32 %f8, 0f3F7FBE77;
  mov.f32 %f9, 0f3A83126F;
)" + start +
           "again:\n" + rounds + R"(  sub.u32 %r0, %r0, 1;
  setp.ne.u32 %p, %r0, 0;
  @%p bra again;
)" + sum + R"(  mul.wide.u32 %a1, %r4, 4;
  add.u64 %a2, %a0, %a1;
  st.global.f32 [%a2], %f0;
  ret;
}
)";
}

}  // namespace lamda::agent
