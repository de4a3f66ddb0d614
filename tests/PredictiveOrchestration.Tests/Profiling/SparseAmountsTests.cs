using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Tests.Profiling;

public sealed class SparseAmountsTests
{
    // Far beyond what an integer of a double holds, where each addition is rounded.
    [Theory]
    [InlineData(12)]
    [InlineData(40)]
    [InlineData(58)]
    [InlineData(300)]
    [InlineData(1100)]
    public void Add_AnyGates_GivesTheSumsOfOneAdditionAfterTheOther(int most)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var sums = new double[5];
            var amounts = default(SparseAmounts);
            var dimension = 0;
            for (var gate = 0; gate < 3000; gate++)
            {
                dimension = random.Next(40) == 0 ? random.Next(most + 1) : random.Next(9) == 0 ? Math.Min(most, dimension + 1) : dimension;
                bool mixes = random.Next(2) == 0, group = mixes && random.Next(5) == 0, unordered = mixes && !group && random.Next(2) == 0, cancels = mixes && !group && !unordered, grows = random.Next(3) == 0;
                amounts.Add(Math.ScaleB(1, Math.Min(1023, dimension)), mixes);
                if (group)
                {
                    amounts.AddGroup();
                }
                else if (mixes)
                {
                    amounts.AddDisorder(unordered, grows);
                }

                bool[] counted = [true, mixes, group, unordered, cancels];
                for (var k = 0; k < sums.Length; k++)
                {
                    // Of those in no order halves are counted.
                    var amplitudes = counted[k] ? Math.ScaleB(1, Math.Min(1023, dimension)) : 0;
                    sums[k] = k != 3 ? sums[k] + amplitudes : grows ? sums[k] + (amplitudes / 2) : sums[k] + (amplitudes / 2) + (amplitudes / 2);
                }
            }

            amounts.EndRun();
            new[] { amounts.All, amounts.Mixing, amounts.Groups, amounts.Unordered, amounts.Cancelling }.Should().Equal(sums);
        }
    }
}
