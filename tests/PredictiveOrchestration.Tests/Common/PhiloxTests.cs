using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Tests.Common;

public sealed class PhiloxTests
{
    // The known answers that Random123 publishes for philox4x32-10: counter words, key words, output.
    [Theory]
    [InlineData(0x00000000_00000000, 0x00000000_00000000, 0x00000000_00000000, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(0xffffffff_ffffffff, 0xffffffff_ffffffff, 0xffffffff_ffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(0x85a308d3_243f6a88, 0x03707344_13198a2e, 0x299f31d0_a4093822, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void Block_KnownAnswers_AreReproduced(ulong block, ulong stream, ulong seed, uint x0, uint x1, uint x2, uint x3) =>
        Philox.Block(seed, stream, block).Should().Be((x0, x1, x2, x3));

    [Fact]
    public void Next_ManyDraws_AreUniform()
    {
        var random = new SeededRandom(3);
        var counts = new int[10];
        for (var i = 0; i < 100_000; i++)
        {
            counts[random.Next(10)]++;
        }

        // χ² with 9 degrees of freedom is below 27.9 in 99.9 % of cases.
        counts.Sum(c => (c - 10_000.0) * (c - 10_000) / 10_000).Should().BeLessThan(27.9);
    }
}
