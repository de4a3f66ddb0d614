namespace RemoteWorker;

/// <summary>A worker, and its client: two processes, one command each.</summary>
internal static class Program
{
    private const string Usage =
        """
        Usage: RemoteWorker serve --urls URL [options]     serve jobs at URL, such as http://localhost:5005
                 --db FILE           where jobs are kept (worker-jobs.db)
                 --noise FILE        also serve a device with the noise of a calibration (IonQ's, IBM's or a worker's); may be repeated
                 --api-key KEY       a key that callers must send (or the environment variable WORKER_API_KEY, which others on
                                     this machine do not see); without one only this machine is served; may be repeated
                 --concurrency N     jobs that run at one time (one for each processor)
                 --no-calibration    begin at once, with rougher predictions
                 --dashboard         show what happens, live, at URL/dashboard/ on this machine
               RemoteWorker run FILE --worker URL [options]  run an OpenQASM file on the worker or here, whichever is predicted to be faster
                 --api-key KEY       the key to send (or the environment variable WORKER_API_KEY)
                 --shots N           shots (1000)
                 --seed S            seed (0)
                 --remote            on the worker, whatever is predicted

        Exit status: 0 done, 1 it failed, 2 wrong usage.
        """;

    private static async Task<int> Main(string[] args)
    {
        try
        {
            return args switch
            {
                ["serve", .. var rest] => await ServeCommand.RunAsync(Arguments.Parse(rest, ["--urls", "--db", "--noise", "--api-key", "--concurrency"], ["--no-calibration", "--dashboard"])),
                ["run", .. var rest] => await RunCommand.RunAsync(Arguments.Parse(rest, ["--worker", "--api-key", "--shots", "--seed"], ["--remote"])),
                ["--help" or "-h"] => await PrintAsync(Console.Out, Usage, 0),
                _ => await PrintAsync(Console.Error, Usage, 2),
            };
        }
        catch (UsageException exception)
        {
            return await PrintAsync(Console.Error, $"{exception.Message}{Environment.NewLine}{Usage}", 2);
        }
    }

    private static async Task<int> PrintAsync(TextWriter writer, string text, int status)
    {
        await writer.WriteLineAsync(text);
        return status;
    }
}
