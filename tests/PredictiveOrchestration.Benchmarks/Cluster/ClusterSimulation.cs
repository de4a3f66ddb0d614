using System.Globalization;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Benchmarks.Cluster;

/// <summary>
/// A cluster in virtual time: silos of different speed with a few places each, jobs with recorded service times that are predicted with errors, reports at intervals, and the cluster's own code for what
/// is known of silos and where a job goes. Against the offline optimum, or rather what no schedule can go below.
/// </summary>
internal static class ClusterSimulation
{
    private const int Places = 2;
    private const double ReportSeconds = 1;

    // Of a job: submit and answer, open in its shard and answer, run and answer, close, wait and answer, result and answer.
    private const int MessagesPerJob = 11;

    // The job and its shard together, the end, and that its state is gone. That it is open no more is written with the next job of its shard: beside that a shard writes once a second at the most.
    private const int WritesPerJob = 4;

    // How long what an idle silo was given is on its way.
    private const double ArrivalSeconds = 0.05;

    /// <summary>Runs it.</summary>
    /// <param name="args">[--silos 10,100,1000] [--jobs 1000000] [--sigma S=0.4: of the logarithm of predictions] [--load L=0.9: of what the cluster can do] [--paid P=0.01] [--table FOLDER].</param>
    public static int Run(string[] args)
    {
        var silos = Value(args, "--silos", "10,100,1000").Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToList();
        var (jobs, sigma, load, paid) = (int.Parse(Value(args, "--jobs", "1000000"), CultureInfo.InvariantCulture), Number(args, "--sigma", "0.4"), Number(args, "--load", "0.9"), Number(args, "--paid", "0.01"));
        var times = Recorded(Value(args, "--table", Path.Combine(SharedFiles.RepositoryRoot, "tests", "PredictiveOrchestration.Tests", "Routing", "Table")));
        Console.WriteLine($"{times.Length} recorded service times, mean {times.Average() * 1e3:F2} ms, greatest {times.Max():F2} s; {Places} places a silo, speeds 0.5 to 2; predictions wrong by a factor of e^{sigma} (one standard deviation)");
        Console.WriteLine("scenario     silos      jobs  completion s  bound s  ratio  mean wait ms  p99 wait s  imbalance  moved  messages/job  jobs/s  writes/s  ledger messages/s  catalogue MB/s");
        foreach (var n in silos)
        {
            Print("at once", n, jobs, times, new Simulation(n, Places, sigma, seed: 1), double.PositiveInfinity, paid);
            Print("over time", n, jobs, times, new Simulation(n, Places, sigma, seed: 2), load, paid);
        }

        return 0;
    }

    private static void Print(string name, int silos, int jobs, double[] times, Simulation simulation, double load, double paid)
    {
        var (random, works) = (new SeededRandom(3, (ulong)silos), new double[jobs]);
        for (var i = 0; i < jobs; i++)
        {
            works[i] = times[random.Next(times.Length)];
        }

        // Work arrives at a share of what all places can do; "at once" is ten times what they can.
        var rate = (double.IsInfinity(load) ? 10 : load) * simulation.Capacity / works.Average();
        var result = simulation.Run(works, rate, random);
        var last = jobs / rate;
        var bound = Math.Max(Math.Max(last, works.Sum() / simulation.Capacity), works.Max() / simulation.FastestSpeed);
        var perSecond = jobs / result.Completion;
        var reports = silos / ReportSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-10} {silos,7} {jobs,9} {result.Completion,13:F1} {bound,8:F1} {result.Completion / bound,6:F3} {result.MeanWait * 1e3,13:F2} {result.P99Wait,11:F3} {result.Imbalance,10:P1} {(double)result.Moved / jobs,6:P1} {MessagesPerJob + (2 * reports / perSecond) + (2.0 * (result.Asked + result.Moved) / jobs),13:F2} {perSecond,7:F0} {WritesPerJob * perSecond,9:F0} {4 * paid * perSecond,18:F1} {reports * Math.Min(silos, CatalogGrain.MostSilos) * 300 / 1e6,15:F2}"));
    }

    // The fastest backend's median of each instance that ended.
    private static double[] Recorded(string folder)
    {
        var rows = File.ReadLines(Path.Combine(folder, "algorithm_runs.csv")).Skip(1).Select(l => l.Split(',')).Where(c => c.Length >= 5 && c[4] == "ok" && !c[0].StartsWith("calibration", StringComparison.Ordinal))
            .Select(c => (Instance: c[0], Algorithm: c[2], Seconds: double.Parse(c[3], CultureInfo.InvariantCulture)));
        return [.. rows.GroupBy(r => r.Instance).Select(g => g.GroupBy(r => r.Algorithm).Min(a => Median([.. a.Select(r => r.Seconds).Order()])))];

        static double Median(double[] sorted) => sorted[sorted.Length / 2];
    }

    private static double Number(string[] args, string name, string otherwise) => double.Parse(Value(args, name, otherwise), CultureInfo.InvariantCulture);

    private static string Value(string[] args, string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : otherwise;

    private sealed record Outcome(double Completion, double MeanWait, double P99Wait, double Imbalance, int Asked, int Moved);

    private readonly record struct Job(double Work, EngineNeed Need, double Predicted, double At);

    // Each silo knows the cluster by its own latest report, as in truth, and chooses for the jobs whose grains are with it.
    private sealed class Simulation
    {
        private readonly int _places;
        private readonly double _sigma;
        private readonly double[] _speed;
        private readonly SiloReport[] _reports;
        private readonly SiloDirectory[] _directories;
        private readonly LinkedList<Job>[] _waiting;
        private readonly double[] _waitingSeconds;
        private readonly List<(double End, double Predicted, double Start)>[] _running;
        private readonly double[] _busy;
        private readonly bool[] _isLooking;
        private readonly SeededRandom _random;
        private readonly PriorityQueue<(Happening Kind, int Silo), double> _events = new();
        private int _asked, _moved;

        private enum Happening
        {
            Report,
            End,
            Look,
        }

        public Simulation(int silos, int places, double sigma, ulong seed)
        {
            (_places, _sigma, _random) = (places, sigma, new SeededRandom(seed, (ulong)silos));
            _speed = [.. Enumerable.Range(0, silos).Select(_ => Math.Pow(2, (2 * _random.NextDouble()) - 1))];
            _reports = [.. _speed.Select((s, i) => Report(i, s, 0, 0, 0))];
            _directories = [.. _speed.Select((_, i) => new SiloDirectory(true, (ulong)i))];
            _waiting = [.. _speed.Select(_ => new LinkedList<Job>())];
            _running = [.. _speed.Select(_ => new List<(double, double, double)>())];
            (_waitingSeconds, _busy, _isLooking) = (new double[silos], new double[silos], new bool[silos]);
        }

        /// <summary>Seconds of work of a machine of speed 1 that all places do in a second.</summary>
        public double Capacity => _speed.Sum() * _places;

        public double FastestSpeed => _speed.Max();

        public Outcome Run(double[] works, double rate, SeededRandom random)
        {
            for (var i = 0; i < _speed.Length; i++)
            {
                _events.Enqueue((Happening.Report, i), ReportSeconds * random.NextDouble());
                Tell(i);
                Look(i, ReportSeconds);
            }

            var waits = new List<float>(works.Length);
            var (arrival, next, now, ended) = (0.0, 0, 0.0, 0);
            while (ended < works.Length)
            {
                var hasEvent = _events.TryPeek(out var happening, out var at);
                if (next < works.Length && (!hasEvent || arrival <= at))
                {
                    now = arrival;
                    Place(random.Next(_speed.Length), works[next++], now, waits);
                    arrival += -Math.Log(1 - random.NextDouble()) / rate;
                    continue;
                }

                _events.Dequeue();
                now = at;
                if (happening.Kind == Happening.Look)
                {
                    _isLooking[happening.Silo] = false;
                    Find(happening.Silo, now, waits);
                }
                else if (happening.Kind == Happening.Report)
                {
                    _reports[happening.Silo] = Current(happening.Silo, now);
                    Tell(happening.Silo);
                    _events.Enqueue((Happening.Report, happening.Silo), now + ReportSeconds);
                }
                else
                {
                    ended++;
                    var running = _running[happening.Silo];
                    running.RemoveAt(running.FindIndex(r => r.End <= now));
                    if (_waiting[happening.Silo].First is { Value: var job })
                    {
                        _waiting[happening.Silo].RemoveFirst();
                        _waitingSeconds[happening.Silo] -= job.Predicted;
                        Begin(happening.Silo, job, now, waits);
                    }
                    else
                    {
                        Find(happening.Silo, now, waits);
                    }
                }
            }

            waits.Sort();
            var mean = _busy.Average();
            return new Outcome(now, waits.Average(), waits[(int)(0.99 * waits.Count)], (_busy.Max() - mean) / mean, _asked, _moved);
        }

        private void Place(int decider, double work, double now, List<float> waits)
        {
            // Predicted on the decider's machine, with an error; the chooser brings it to others by their reference times.
            var predicted = work / _speed[decider] * Math.Exp(_sigma * _random.NextGaussian());
            var needs = new RunNeeds { Engines = [new EngineNeed("engine", predicted, 1 / _speed[decider], 0)] };
            var choice = PlacementChooser.Choose(_directories[decider].Choices(), needs, Name(decider), 0.1)!.Value;
            _directories[decider].Sent(choice.Silo, choice.RunSeconds);
            Take(int.Parse(choice.Silo, CultureInfo.InvariantCulture), new Job(work, needs.Engines[0], choice.RunSeconds, now), now, waits);
        }

        private void Take(int silo, Job job, double now, List<float> waits)
        {
            if (_running[silo].Count < _places)
            {
                Begin(silo, job, now, waits);
            }
            else
            {
                _waiting[silo].AddLast(job);
                _waitingSeconds[silo] += job.Predicted;
            }
        }

        private void Begin(int silo, Job job, double now, List<float> waits)
        {
            waits.Add((float)(now - job.At));
            var took = job.Work / _speed[silo];
            _busy[silo] += took;
            _running[silo].Add((now + took, job.Predicted, now));
            _events.Enqueue((Happening.End, silo), now + took);
        }

        // As a silo looks for work that waits elsewhere, and is given it.
        private void Find(int idle, double now, List<float> waits)
        {
            if (_running[idle].Count == _places || _waiting[idle].Count > 0 || _isLooking[idle])
            {
                return;
            }

            var found = 0;
            foreach (var busy in PlacementChooser.Busy(_directories[idle].Choices(), Name(idle)))
            {
                _asked++;
                found = Give(int.Parse(busy.Report.Address, CultureInfo.InvariantCulture), idle, now, waits);
                if (found > 0)
                {
                    _moved += found;
                    break;
                }
            }

            Look(idle, now + (found > 0 ? ArrivalSeconds : ReportSeconds));
        }

        private int Give(int from, int to, double now, List<float> waits)
        {
            var (here, idle) = (Current(from, now), Current(to, now));
            var (given, secondsHere, secondsThere) = (0, 0.0, 0.0);
            while (_waiting[from].Last is { Value: var job }
                && PlacementChooser.Gain(new Place(here, -secondsHere - job.Predicted, -given - 1), new Place(idle, secondsThere, given), [job.Need], 0.1) is { } there)
            {
                (given, secondsHere, secondsThere) = (given + 1, secondsHere + job.Predicted, secondsThere + there.RunSeconds);
                _waiting[from].RemoveLast();
                _waitingSeconds[from] -= job.Predicted;
                Take(to, job with { Predicted = there.RunSeconds }, now, waits);
            }

            return given;
        }

        private void Look(int silo, double at)
        {
            _isLooking[silo] = true;
            _events.Enqueue((Happening.Look, silo), at);
        }

        private SiloReport Current(int silo, double now) => Report(silo, _speed[silo], _waiting[silo].Count, _running[silo].Count, Backlog(silo, now));

        private double Backlog(int silo, double now) => Math.Max(0, _waitingSeconds[silo]) + _running[silo].Sum(r => Math.Abs(r.Predicted - (now - r.Start)));

        // What the catalogue answers to a report: all silos, or a sample.
        private void Tell(int silo) => _directories[silo].Update(new ClusterView
        {
            SiloCount = _reports.Length,
            Silos = _reports.Length <= CatalogGrain.MostSilos ? [.. _reports] : CatalogGrain.Sample([.. _reports], _random),
        });

        private SiloReport Report(int silo, double speed, int waiting, int running, double backlog) => new()
        {
            Address = Name(silo), Name = Name(silo), Concurrency = _places, MemoryBytes = long.MaxValue, Waiting = waiting, Running = running, BacklogSeconds = backlog, GivesWork = true,
            Engines = [new EngineReport { Id = "engine", ReferenceSeconds = 1 / speed }],
        };

        private static string Name(int silo) => silo.ToString(CultureInfo.InvariantCulture);
    }
}
